"""The compatibility checklist, points 23 to 32: requests, and what may become of them.

Point 25 (leaving) and the scenarios of point 32 have files of their own.
"""

import asyncio
import gzip
import json
import re
import socket
import time
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import openai
import pytest
import zstandard
from tests.gateway.canned import Canned
from tests.gateway.conftest import Simulate
from tests.gateway.harness import Running
from tests.gateway.raw import Raw, call, get, head, post, question
from tests.gateway.speaking import MESSAGES, RESPONSES, attempts_of, fails, receipt_of, says, script, seen_body, user

import triplepoint
from triplepoint.telemetry import genai

UNKNOWN = b'"top_k":0,"seed":null,"new_thing":{"b": 1.0,  "a":[1e5,-0,false,null,"\\u00e9\\/"]},"logit_bias":{},"temperature":0'
ANSWER = b'{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[]}'


async def test_unknown_and_explicit_values_pass_untouched(gateway: Running) -> None:
    """Point 23: unknown members arrive in order and spelling; explicit zero, false and null stay what they are."""
    body = b'{"model":"chat",' + UNKNOWN + b',"messages":[{"role":"user","content":"x"}],"max_tokens":0}'
    async with Canned(gateway.ports["a"], ANSWER) as upstream:
        assert (await post(gateway, body)).status == 200
    assert upstream.requests == [body.replace(b'"chat"', b'"a-model"')]


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("model", ["chat", "claude"])
async def test_both_names_of_the_limit_are_taken(gateway: Running, simulate: Simulate, name: str, model: str) -> None:
    """Point 23: either name limits the answer, natively and translated, and a cut answer says ``length``."""
    await simulate({"chat": "a", "claude": "c"}[model], says("one two three four five"))
    limit: Any = {name: 2}
    answer = (await post(gateway, question(model=model, **limit))).json()
    assert answer["choices"][0]["message"]["content"] == "one two"
    assert answer["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize("is_stream", [False, True])
async def test_what_is_dropped_is_reported(gateway: Running, simulate: Simulate, is_stream: bool) -> None:
    """Point 23: what a translation cannot carry over is named to the caller at once and in the receipt, safely."""
    await simulate("c", says())
    answer = await post(gateway, question(model="claude", logit_bias={"1": 5}, stream=is_stream))
    assert "logit_bias" in answer.headers["x-triplepoint-notice"]
    [attempt] = await attempts_of(gateway, answer)
    assert any("logit_bias" in notice for notice in attempt["notices"])
    wild: Any = {"model": "claude", "input": "x", "reasoning": {"a\r\nset-cookie: x=1\u00e9": 1}, "stream": is_stream}
    answer = await post(gateway, json.dumps(wild).encode(), path=RESPONSES)
    assert answer.status == 200
    assert "set-cookie" not in answer.headers
    assert "set-cookie: x=1?" in answer.headers["x-triplepoint-notice"]


LIMITS: list[tuple[str, dict[str, Any], bool, float]] = [
    ("first_byte_timeout", {"kind": "stall"}, False, 0.3),
    ("first_byte_timeout", {"kind": "stall", "where": "after_head"}, True, 0.3),
    ("idle_timeout", {"kind": "stall", "where": "in_body", "after_chunks": 1}, False, 0.5),
    ("total_timeout", {"kind": "drip", "part": "body", "size": 1, "every": "100ms"}, False, 0.9),
]


@pytest.mark.parametrize(("code", "fault", "is_stream", "after_s"), LIMITS)
async def test_each_limit_ends_an_attempt_by_itself(
    gateway: Running, simulate: Simulate, code: str, fault: dict[str, Any], is_stream: bool, after_s: float
) -> None:
    """Point 24: first byte, silence and the whole have limits of their own, and each says in the receipt which it was."""
    server = await simulate("l", fails(**fault))
    began = time.monotonic()
    answer = await post(gateway, question(model="hasty", stream=is_stream))
    assert answer.status == 504
    assert after_s - 0.05 <= time.monotonic() - began < after_s + 3
    [attempt] = await attempts_of(gateway, answer)
    assert (attempt["error"], attempt["outcome"]) == (code, "failed")
    assert server.seen[0].left_at_s is not None


async def test_the_limit_on_connecting_is_its_own(gateway: Running) -> None:
    """Point 24: a server that takes no connection is given up after the limit on connecting, and nothing is due."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", gateway.ports["l"]))
        full.listen(0)
        crowd = [socket.socket() for _ in range(3)]
        for one in crowd:  # fill the queue of the one that listens and never accepts
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        answer = await post(gateway, question(model="hasty"))
        for one in crowd:
            one.close()
    assert answer.status == 504
    [attempt] = await attempts_of(gateway, answer)
    assert (attempt["error"], attempt["cost_usd"]) == ("connect_timeout", "0")


async def test_silence_fails_over_before_the_first_token_only(gateway: Running, simulate: Simulate) -> None:
    """Point 24: a stream that falls silent after its first event breaks off with an error event."""
    await simulate("l", fails(kind="stall", where="in_body", after_chunks=2))
    answer = await post(gateway, question(model="hasty", stream=True))
    assert answer.status == 200
    assert b'"idle_timeout"' in answer.body
    assert b"[DONE]" not in answer.body


@pytest.mark.parametrize("encoding", ["", "gzip", "zstd"])
async def test_the_limit_on_bodies_counts_what_was_compressed(gateway: Running, encoding: str) -> None:
    """Point 26: a body over 32 MiB is 413, also when it was a few kilobytes before it was decompressed."""
    body = question("x" * 33 * 2**20)
    sent = {"gzip": lambda: gzip.compress(body, 1), "zstd": lambda: zstandard.compress(body), "": lambda: b"{"}[encoding]()
    if encoding:
        assert len(sent) < 2**20
        answer = await post(gateway, sent, f"content-encoding: {encoding}")
    else:
        answer = await _announce(gateway, len(body))
    assert answer.status == 413
    assert answer.json()["error"]["code"] == "request_too_large"
    message = await post(gateway, gzip.compress(body, 1), "content-encoding: gzip", path=MESSAGES)
    assert (message.status, message.json()["error"]["type"]) == (413, "request_too_large")


async def _announce(gateway: Running, length: int) -> Raw:
    """Send a head alone that announces a body; who reads it has no need of the body to refuse it."""
    async with call(gateway) as caller:
        await caller.send(head(gateway, f"content-length: {length}"))
        return await caller.answer()


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "deflate"])
async def test_a_compressed_body_is_read(gateway: Running, simulate: Simulate, encoding: str) -> None:
    """Point 26: a body within the limit is decompressed, and reaches the upstream as plain JSON."""
    server = await simulate("a", says())
    compress = {"gzip": gzip.compress, "zstd": zstandard.compress, "deflate": zlib.compress}[encoding]
    assert (await post(gateway, compress(question("packed")), f"content-encoding: {encoding}")).status == 200
    assert seen_body(server.seen[0])["messages"] == user("packed")
    assert "content-encoding" not in server.seen[0].headers


@pytest.mark.parametrize("model", ["chat", "claude"])
async def test_no_image_is_fetched_by_us(gateway: Running, simulate: Simulate, model: str) -> None:
    """Point 26: a URL in a request is passed on, never fetched: who could make us fetch could see our network."""
    server = await simulate({"chat": "a", "claude": "c"}[model], says())
    visits: list[bytes] = []

    async def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append(await reader.read(100))
        writer.close()

    trap = await asyncio.start_server(visited, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{trap.sockets[0].getsockname()[1]}/x.png"
    content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "what?"}]
    body = {"model": model, "messages": [{"role": "user", "content": content}]}
    assert (await post(gateway, json.dumps(body).encode())).status == 200
    trap.close()
    await trap.wait_closed()
    assert visits == []
    assert url in json.dumps(seen_body(server.seen[0]))


async def test_each_attempt_has_its_row_and_only_one_is_paid(gateway: Running, simulate: Simulate) -> None:
    """Point 27: before the first byte another upstream takes over; each attempt is a row, and failed ones cost nothing."""
    await simulate("a", fails(kind="status", status=503))
    await simulate("b", says())
    answer = await post(gateway, question(model="fallback", stream=True))
    assert answer.body.endswith(b"data: [DONE]\n\n")
    receipt = await receipt_of(gateway, answer.headers)
    assert [(attempt["upstream"], attempt["outcome"]) for attempt in receipt["attempts"]] == [
        ("a", "failed"),
        ("a", "failed"),
        ("b", "finished"),
    ]
    assert [Decimal(attempt["cost_usd"]) for attempt in receipt["attempts"][:2]] == [0, 0]
    assert Decimal(receipt["cost_usd"]) == Decimal(receipt["attempts"][-1]["cost_usd"]) > 0
    assert receipt["attempts"][-1]["decision"] == "fallback after upstream_overloaded at a"


async def test_nothing_is_tried_again_after_the_first_byte(gateway: Running, simulate: Simulate) -> None:
    """Point 27: a stream that has begun is never continued elsewhere; the other upstream sees nothing."""
    await simulate("a", fails(kind="cut", after_chunks=2))
    other = await simulate("b", says())
    answer = await post(gateway, question(model="fallback", stream=True))
    assert b'"error"' in answer.body
    assert len(other.seen) == 0
    assert [attempt["outcome"] for attempt in await attempts_of(gateway, answer)] == ["cut"]


@pytest.mark.parametrize("asked", ["chat", "small", "auto", "chat@test", "small@test"])
@pytest.mark.parametrize("is_stream", [False, True])
async def test_an_answer_bears_the_asked_name(gateway: Running, simulate: Simulate, asked: str, is_stream: bool) -> None:
    """Point 28: ``model`` is what the caller asked for; what served it, and why, is in header and receipt."""
    server = await simulate("a", says())
    answer = await post(gateway, question(model=asked, stream=is_stream), "x-triplepoint-explain: true")
    names = set(re.findall(rb'"model": ?"([^"]+)"', answer.body))
    assert names == {asked.encode()}
    assert seen_body(server.seen[0])["model"] == "a-model"
    assert answer.headers["x-triplepoint-model"] == "chat"
    receipt = await receipt_of(gateway, answer.headers)
    assert (receipt["model"], receipt["served_model"]) == (asked, "chat")
    assert answer.headers["x-triplepoint-decision"] == receipt["decision"]


async def test_a_pin_names_its_lineup(gateway: Running, simulate: Simulate) -> None:
    """Point 28: a pinned name is served by the line-up it names, says so, and does not exist for another."""
    await simulate("a", says())
    pinned = await post(gateway, question(model="chat@test"), "x-triplepoint-explain: true")
    assert pinned.headers["x-triplepoint-decision"] == "pin test"
    assert (await post(gateway, question(model="chat@2020-01"))).status == 404


BOUND: list[dict[str, Any]] = [
    {"previous_response_id": "resp_1", "input": "go on"},
    {"conversation": "conv_1", "input": "go on"},
    {"input": [{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}, *user()]},
    {"input": [{"type": "item_reference", "id": "msg_1"}]},
]


@pytest.mark.parametrize("members", BOUND, ids=["stored", "conversation", "encrypted", "reference"])
async def test_what_one_upstream_made_stays_with_it(gateway: Running, simulate: Simulate, members: dict[str, Any]) -> None:
    """Point 29: a request with encrypted reasoning, or that refers to something stored, is tried at its upstream alone."""
    first = await simulate("r", fails(kind="status", status=503))
    other = await simulate("s", says())
    answer = await post(gateway, json.dumps({"model": "bound", **members}).encode(), path=RESPONSES)
    assert answer.status == 503
    assert len(first.seen) == 3
    assert len(other.seen) == 0
    free = await post(gateway, json.dumps({"model": "bound", "input": 'of "encrypted_content"'}).encode(), path=RESPONSES)
    assert free.status == 200
    assert len(other.seen) == 1


@pytest.mark.parametrize("members", BOUND, ids=["stored", "conversation", "encrypted", "reference"])
@pytest.mark.parametrize("model", ["chat", "claude"])
async def test_what_cannot_be_carried_over_is_refused(gateway: Running, model: str, members: dict[str, Any]) -> None:
    """Point 29: where responses are translated, such a request fails explicitly, naming the member, and nothing is sent."""
    answer = await post(gateway, json.dumps({"model": model, **members}).encode(), path=RESPONSES)
    assert answer.status == 400
    assert answer.json()["error"]["param"] in {
        "previous_response_id",
        "conversation",
        "input[0].encrypted_content",
        "input[0].type",
    }


async def test_a_loop_of_gateways_is_broken(gateway: Running, simulate: Simulate) -> None:
    """Point 29: each gateway counts itself, and a request that has passed more than four is refused as a loop."""
    server = await simulate("a", says())
    await post(gateway, question())
    await post(gateway, question(), "x-triplepoint-hops: 4")
    assert [seen.headers["x-triplepoint-hops"] for seen in server.seen] == ["1", "5"]
    for count in ("5", "9999", "x", "-1", "1" * 400):
        answer = await post(gateway, question(), f"x-triplepoint-hops: {count}")
        assert (answer.status, answer.json()["error"]["code"]) == (400, "request_loop")
    assert len(server.seen) == 2


async def test_the_list_shows_what_this_key_may_call(gateway: Running) -> None:
    """Point 30: the list of a narrow key holds its models and their aliases, with status and retirement."""
    narrow = gateway.issue("point 30", "chat", "leaving")
    entries = {entry["id"]: entry for entry in (await get(gateway, "/v1/models", key=narrow)).json()["data"]}
    assert set(entries) == {"chat", "leaving", "small", "auto"}
    assert (entries["chat"]["status"], entries["chat"]["retires_at"]) == ("active", None)
    assert (entries["leaving"]["status"], entries["leaving"]["retires_at"]) == ("retiring", "2999-12-31T00:00:00Z")


async def test_a_retiring_model_says_so_in_its_headers(gateway: Running, simulate: Simulate) -> None:
    """Point 30: RFC 9745 and RFC 8594 headers, the successor and a sentence are on every answer of a retiring model."""
    await simulate("a", says())
    for answer in (await post(gateway, question(model="leaving")), await post(gateway, question(model="leaving", stream=True))):
        assert answer.headers["deprecation"] == "@1767225600"
        assert answer.headers["sunset"] == "Tue, 31 Dec 2999 00:00:00 GMT"
        assert answer.headers["link"] == '</v1/models/small>; rel="successor-version"'
        assert answer.headers["x-triplepoint-notice"] == "leaving retires on 2999-12-31; use small"


def test_genai_names_stand_in_one_file() -> None:
    """Point 31: attributes and metrics of the GenAI conventions are written in one module, and nowhere else."""
    source = Path(triplepoint.__file__).parent
    named = [path for path in source.rglob("*.py") if re.search(r'"gen_ai\.', path.read_text("utf-8"))]
    assert [path.relative_to(source).as_posix() for path in named] == ["telemetry/genai.py"]
    assert genai.CLIENT_TOKEN_USAGE == "gen_ai.client.token.usage"
    assert genai.CLIENT_OPERATION_DURATION == "gen_ai.client.operation.duration"


async def test_an_agents_stream_of_parallel_work(gateway: Running, simulate: Simulate) -> None:
    """Point 32: thirty requests at once, of all three dialects, each get their own answer."""
    for upstream in "arc":
        await simulate(upstream, script(answer={"echo": True, "pace": {"between_tokens": "2ms"}}))
    async with openai.AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.key) as gpt:

        async def ask(number: int) -> bool:
            word = f"word-{number} and-more"
            if number % 3 == 0:
                return (await gpt.responses.create(model="native", input=word)).output_text == word
            model = "chat" if number % 3 == 1 else "claude"
            stream = await gpt.chat.completions.create(model=model, messages=user(word), stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == word

        assert all(await asyncio.gather(*(ask(number) for number in range(30))))
