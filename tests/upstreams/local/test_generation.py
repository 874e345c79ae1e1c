"""The real nano answers over HTTP as an OpenAI-compatible server does; what the gateway counts on, seen at the source."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from triplepoint.foundation.clock import SystemClock
from triplepoint.settings import LocalUpstream
from triplepoint.upstreams.local.managed import LocalModel
from triplepoint.upstreams.ports import Endpoint

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASK = {"model": "nano", "messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 8, "temperature": 0}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nano(nano_file: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalModel]:
    """One nano for all tests of this file."""
    settings = LocalUpstream(kind="local", gguf=str(nano_file), slots=2, context_tokens=512)
    model = LocalModel("nano", settings, logs=tmp_path_factory.mktemp("logs"), clock=SystemClock())
    await model.start()
    async with asyncio.timeout(30):
        while model.endpoint() is None:  # noqa: ASYNC110 a state that is read, not an event that is sent
            await asyncio.sleep(0.02)
    yield model
    await model.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def client(nano: LocalModel) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the model's key."""
    endpoint = endpoint_of(nano)
    headers = {"authorization": f"Bearer {endpoint.api_key}"}
    async with httpx.AsyncClient(base_url=endpoint.base_url, headers=headers, timeout=30) as client:
        yield client


def endpoint_of(model: LocalModel) -> Endpoint:
    """Return where a ready model listens."""
    endpoint = model.endpoint()
    assert endpoint
    return endpoint


async def test_answers_with_usage_and_logprobs(client: httpx.AsyncClient):
    """A whole answer has text, the alias as its model, exact usage and a log-probability for each token."""
    answer = (await client.post("/chat/completions", json={**ASK, "logprobs": True})).raise_for_status().json()
    choice = answer["choices"][0]
    assert answer["model"] == "nano"
    assert choice["message"]["content"]
    assert answer["usage"]["prompt_tokens"] > 5
    assert 0 < answer["usage"]["completion_tokens"] <= 8
    assert len(choice["logprobs"]["content"]) in {
        answer["usage"]["completion_tokens"],
        answer["usage"]["completion_tokens"] - 1,
    }
    assert all(token["logprob"] <= 0 for token in choice["logprobs"]["content"])


async def test_streams_and_ends_with_usage(client: httpx.AsyncClient):
    """A stream comes in more than one piece, carries usage where asked for, and ends with its terminal event."""
    events: list[str] = []
    body = {**ASK, "stream": True, "stream_options": {"include_usage": True}}
    async with client.stream("POST", "/chat/completions", json=body) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events.extend([line.removeprefix("data: ") async for line in answer.aiter_lines() if line.startswith("data: ")])
    assert events[-1] == "[DONE]"
    chunks = [json.loads(event) for event in events[:-1]]
    text = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks if chunk["choices"])
    assert text
    assert chunks[-1]["usage"]["completion_tokens"] <= 8
    assert sum(1 for chunk in chunks if chunk["choices"]) > 2


async def test_schema_is_kept(client: httpx.AsyncClient):
    """An answer under a JSON schema is valid under it; the family's tools rest on this."""
    schema = {"type": "object", "properties": {"yes": {"type": "boolean"}}, "required": ["yes"], "additionalProperties": False}
    asked = {
        **ASK,
        "max_tokens": 40,
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}},
    }
    answer = (await client.post("/chat/completions", json=asked)).raise_for_status().json()
    assert set(json.loads(answer["choices"][0]["message"]["content"])) == {"yes"}


@pytest.mark.parametrize("path", ["/chat/completions", "/completions", "/messages", "/embeddings"])
async def test_nothing_without_the_key(nano: LocalModel, path: str):
    """Whoever has not the key of this very process gets nothing."""
    async with httpx.AsyncClient(base_url=endpoint_of(nano).base_url) as stranger:
        assert (await stranger.post(path, json=ASK)).status_code == 401
        assert (await stranger.post(path, json=ASK, headers={"authorization": "Bearer guess"})).status_code == 401


async def test_nobody_can_look_into_other_requests(nano: LocalModel, client: httpx.AsyncClient):
    """Slots, which show prompts, and the web page are off, and no other origin is let in."""
    root = endpoint_of(nano).base_url.removesuffix("/v1")
    assert (await client.get(f"{root}/slots")).status_code == 501
    assert (await client.get(f"{root}/")).status_code == 404
    health = await client.get(f"{root}/health", headers={"origin": "https://elsewhere.example"})
    assert not health.headers.get("access-control-allow-origin")


async def test_requests_stay_out_of_the_log(nano: LocalModel, client: httpx.AsyncClient):
    """A request that llama.cpp complains about, and prints, is not in the log."""
    asked = {**ASK, "grammar": "root ::= PLANTEDGRAMMAR ("}
    assert (await client.post("/chat/completions", json=asked)).status_code == 400
    too_long = {**ASK, "messages": [{"role": "user", "content": "PLANTEDPROMPT " * 600}]}
    assert (await client.post("/chat/completions", json=too_long)).status_code == 400
    await asyncio.sleep(0.2)
    assert "PLANTED" not in "".join(nano.log_tail())


async def test_a_caller_that_leaves_stops_the_model(nano: LocalModel, client: httpx.AsyncClient):
    """A stream that is dropped ends its generation: the processor time of the process stops growing."""
    body = {**ASK, "stream": True, "max_tokens": 450, "ignore_eos": True}
    async with client.stream("POST", "/chat/completions", json=body) as answer:
        async for _ in answer.aiter_lines():
            break
    await asyncio.sleep(0.7)
    before = cpu_ticks(nano)
    await asyncio.sleep(0.5)
    assert cpu_ticks(nano) - before < 10


def cpu_ticks(model: LocalModel) -> int:
    """Return the processor time that a model's process has used, in hundredths of a second."""
    fields = Path(f"/proc/{model.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


async def test_idle_connections_do_not_lock_others_out(nano: LocalModel, client: httpx.AsyncClient):
    """Thirty idle connections of a pool leave room for the next request."""
    host, port = endpoint_of(nano).base_url.removeprefix("http://").removesuffix("/v1").split(":")
    writers: list[asyncio.StreamWriter] = []
    for _ in range(30):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writers.append(writer)
    async with asyncio.timeout(5):
        assert (await client.post("/chat/completions", json=ASK)).status_code == 200
    for writer in writers:
        writer.close()
        await writer.wait_closed()
