"""The compatibility checklist, points 17 to 22: what the headers of requests and answers say."""

import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import openai
import pytest
from tests.gateway.canned import Canned
from tests.gateway.conftest import Simulate
from tests.gateway.harness import Running, free_port, model, openai_upstream, start_gateway, write_configuration
from tests.gateway.raw import CHAT, Raw, get, post, question
from tests.gateway.speaking import MESSAGES, Ended, attempts_of, receipt_of, says, script, until, user

from triplepoint.upstreams.simulated.server import SimulatedServer

OURS = {"x-request-id", "x-triplepoint-receipt", "x-triplepoint-lineup", "x-triplepoint-model"}
RATE = {"x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"}


def message(model: str = "claude", **members: Any) -> bytes:
    """Write the body of a message's request."""
    return json.dumps({"model": model, "max_tokens": 9, "messages": user(), **members}).encode()


async def test_every_answer_of_a_model_has_our_headers(gateway: Running, simulate: Simulate) -> None:
    """Point 17: request id, receipt, line-up and served model are on answers, streams and errors, and the receipt agrees."""
    await simulate("a", script(answer={"text": "hi"}, cases=[{"when": {"contains": "fail"}, "fault": {"kind": "empty"}}]))
    answers = [
        await post(gateway, question(model="small")),
        await post(gateway, question(model="small", stream=True)),
        await post(gateway, question("fail", model="small")),
    ]
    assert [answer.status for answer in answers] == [200, 200, 502]
    for answer in answers:
        assert answer.headers.keys() >= OURS
        receipt = await receipt_of(gateway, answer.headers)
        assert receipt["request_id"] == answer.headers["x-request-id"]
        assert receipt["lineup"] == answer.headers["x-triplepoint-lineup"]
        assert receipt["served_model"] == answer.headers["x-triplepoint-model"] == "chat"
    assert len({answer.headers["x-request-id"] for answer in answers}) == 3


@pytest.mark.parametrize(
    ("path", "body", "key"),
    [(CHAT, b"{", ""), (CHAT, question(model="none"), ""), (CHAT, question(), "tp-wrong"), ("/v1/none", b"", "")],
)
async def test_an_error_before_any_model_has_its_request_id(gateway: Running, path: str, body: bytes, key: str) -> None:
    """Point 17: a refusal that never got to a model has a request id and a line-up, each once."""
    answer = await post(gateway, body, path=path, key=key)
    assert answer.status >= 400
    assert answer.headers["x-request-id"].startswith("req_")
    assert len(answer.headers["x-triplepoint-lineup"]) == 12


async def test_healthz_and_the_list_have_their_request_id(gateway: Running) -> None:
    """Point 17: what no model answers has a request id as well."""
    for path in ("/healthz", "/readyz", "/v1/models"):
        assert (await get(gateway, path)).headers["x-request-id"].startswith("req_")


@asynccontextmanager
async def paced_gateway(tmp_path_factory: pytest.TempPathFactory, per_minute: int) -> AsyncGenerator[Running]:
    """Run a gateway whose keys may send so many requests a minute, in front of an echo."""
    folder, upstream = tmp_path_factory.mktemp("paced"), free_port()
    port = write_configuration(
        folder,
        upstreams={"a": openai_upstream(upstream)},
        models={"chat": model("a")},
        settings={"gateway": {"requests_per_minute_per_key": per_minute}},
    )
    with start_gateway(folder, port) as running:
        async with SimulatedServer(says(), port=upstream):
            yield running


async def test_the_rate_limit_is_told_and_kept(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Point 18: limit, rest and reset stand on answers, streams and errors; the request too many is a 429 that says when."""
    async with paced_gateway(tmp_path_factory, 120) as gateway:
        whole = await post(gateway, question())
        stream = await post(gateway, question(stream=True))
        wrong = await post(gateway, question(model="none"))
        rest = [int(answer.headers["x-ratelimit-remaining-requests"]) for answer in (whole, stream, wrong)]
        assert rest == [119, 118, 117]
        assert {answer.headers["x-ratelimit-limit-requests"] for answer in (whole, stream, wrong)} == {"120"}
        assert whole.headers["x-ratelimit-reset-requests"] == "500ms"
        assert wrong.headers["x-ratelimit-reset-requests"] in {"1s", "2s"}
        refused = await _until_refused(gateway)
        assert refused.headers["x-ratelimit-remaining-requests"] == "0"
        assert refused.headers["x-ratelimit-reset-requests"] in {"59s", "1m0s"}
        assert (refused.headers["retry-after"], refused.headers["x-should-retry"]) == ("1", "true")
        assert 0 < int(refused.headers["retry-after-ms"]) <= 500
        other = gateway.issue("another customer")
        assert (await post(gateway, question(), key=other)).headers["x-ratelimit-remaining-requests"] == "119"
        async with openai.AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.key) as gpt:
            answer = await gpt.chat.completions.create(model="chat", messages=user())  # its own retry waits for its turn
        assert answer.choices[0].message.content == "one two three"


async def _until_refused(gateway: Running) -> Raw:
    for _ in range(200):
        answer = await post(gateway, question())
        if answer.status == 429:
            return answer
    raise AssertionError("nothing was refused")


async def test_a_caller_without_a_key_learns_no_limit(gateway: Running, simulate: Simulate) -> None:
    """Point 18: who is nobody has no rest, and uses up nobody's."""
    await simulate("a", says())
    before = int((await post(gateway, question())).headers["x-ratelimit-remaining-requests"])
    refused = await post(gateway, question(), key="tp-wrong")
    assert not RATE & refused.headers.keys()
    assert int((await post(gateway, question())).headers["x-ratelimit-remaining-requests"]) >= before - 1


async def test_the_callers_deadline_ends_a_plain_answer(gateway: Running, simulate: Simulate) -> None:
    """Point 19: ``x-stainless-read-timeout`` is the deadline of an answer that is no stream, retries included."""
    server = await simulate("a", says(pace={"first_token": "5s"}))
    began = time.monotonic()
    answer = await post(gateway, question(), "x-stainless-read-timeout: 0.3")
    assert answer.status == 504
    assert 0.25 <= time.monotonic() - began < 4
    await until(lambda: server.seen[0].left_at_s is not None)
    assert len(server.seen) == 1


async def test_of_a_stream_the_deadline_bounds_the_beginning(gateway: Running, simulate: Simulate) -> None:
    """Point 19: a stream may last longer than the caller waits for each of its bytes, but must begin within it."""
    server = await simulate("a", says("one two three four five six", pace={"between_tokens": "120ms"}))
    answer = await post(gateway, question(stream=True), "x-stainless-read-timeout: 0.3")
    assert answer.body.endswith(b"data: [DONE]\n\n")
    server.reset(says(pace={"first_token": "5s"}, role_alone=False))
    began = time.monotonic()
    answer = await post(gateway, question(stream=True), "x-stainless-read-timeout: 0.3")
    assert answer.status == 504
    assert time.monotonic() - began < 4


async def test_a_retry_after_a_failure_is_not_billed_twice(gateway: Running, simulate: Simulate) -> None:
    """Point 19: a request that failed and was sent again by the client has two receipts, of which one costs something."""
    cases = [{"when": {"nth": 1}, "fault": {"kind": "status", "status": 500}}]
    await simulate("l", script(answer={"text": "hi"}, cases=cases))
    with Ended(gateway) as ended:
        async with openai.AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.key) as gpt:
            await gpt.chat.completions.create(model="hasty", messages=user())
        rows = await ended.until(2)
    assert [row.outcome for row in rows] == ["failed", "finished"]
    assert rows[0].receipt_id != rows[1].receipt_id
    assert rows[0].cost_usd == "0"
    assert float(rows[1].cost_usd or 0) > 0


async def test_headers_of_a_dialect_cross_the_gateway(gateway: Running, simulate: Simulate) -> None:
    """Point 20: version and beta headers reach an upstream of their vendor; accounts and our key do not."""
    native, chat = await simulate("c", says()), await simulate("a", says())
    lines = [
        "anthropic-version: 2024-01-01",
        "anthropic-beta: future-1,future-2",
        "openai-organization: org-caller",
        "openai-project: proj-caller",
        "x-secret: mine",
    ]
    await post(gateway, message(), *lines, path=MESSAGES)
    seen = native.seen[0].headers
    assert (seen["anthropic-version"], seen["anthropic-beta"]) == ("2024-01-01", "future-1,future-2")
    await post(gateway, message("chat"), *lines, path=MESSAGES)
    await post(gateway, question(), *lines, "openai-beta: assistants=v9")
    assert chat.seen[1].headers["openai-beta"] == "assistants=v9"
    for headers in (seen, chat.seen[0].headers, chat.seen[1].headers):
        assert not {"openai-organization", "openai-project", "x-secret"} & headers.keys()
        assert headers.get("authorization") is None  # these upstreams have no key, and ours is for the gateway alone
    assert "anthropic-beta" not in chat.seen[0].headers


async def test_a_version_is_sent_where_the_caller_has_none(gateway: Running, simulate: Simulate) -> None:
    """Point 20: Anthropic's upstreams get a version whatever dialect the caller speaks."""
    server = await simulate("c", says())
    await post(gateway, question(model="claude"))
    assert server.seen[0].headers["anthropic-version"] == "2023-06-01"


async def test_blocks_of_the_system_prompt_keep_their_order(gateway: Running) -> None:
    """Point 20: system blocks, cache marks and unknown members arrive as they were written, byte for byte."""
    system = b'[{"type":"text","text":"B","cache_control":{"type":"ephemeral"}},  {"text":"A","type":"text","new":1.0}]'
    body = b'{"system":' + system + b',"model":"claude","max_tokens":9,"messages":[{"role":"user","content":"x"}]}'
    answer = b'{"id":"m","type":"message","role":"assistant","model":"x","content":[],"stop_reason":"end_turn"}'
    async with Canned(gateway.ports["c"], answer) as upstream:
        await post(gateway, body, path=MESSAGES)
    assert system in upstream.requests[0]


async def test_a_session_is_the_conversation(gateway: Running, simulate: Simulate) -> None:
    """Point 21: an agent's session header names the conversation of the receipt, unless the body does."""
    await simulate("c", says())
    header = "x-claude-code-session-id: 5ca1ab1e"
    plain = await receipt_of(gateway, (await post(gateway, message(), header, path=MESSAGES)).headers)
    named = message(triplepoint={"conversation": "mine"})
    own = await receipt_of(gateway, (await post(gateway, named, header, path=MESSAGES)).headers)
    assert (plain["conversation"], own["conversation"]) == ("5ca1ab1e", "mine")


@pytest.mark.parametrize("is_stream", [False, True])
async def test_use_of_a_plan_is_shown_to_its_clients(gateway: Running, simulate: Simulate, is_stream: bool) -> None:
    """Point 22: Anthropic's unified family and OpenAI's time come back to callers of the same dialect, to no others."""
    plan = {
        "anthropic-ratelimit-unified-status": "allowed_warning",
        "anthropic-ratelimit-unified-5h-utilization": "0.93",
        "anthropic-organization-id": "org-ours",
        "openai-processing-ms": "12",
        "openai-organization": "org-ours",
    }
    for upstream in "ac":
        await simulate(upstream, script(answer={"text": "hi", "headers": plan}))
    native = (await post(gateway, message(stream=is_stream), path=MESSAGES)).headers
    assert native["anthropic-ratelimit-unified-5h-utilization"] == "0.93"
    assert native["anthropic-ratelimit-unified-status"] == "allowed_warning"
    chat = (await post(gateway, question(stream=is_stream))).headers
    assert chat["openai-processing-ms"] == "12"
    translated = (await post(gateway, question(model="claude", stream=is_stream))).headers
    for headers in (native, chat, translated):
        assert not {"anthropic-organization-id", "openai-organization"} & headers.keys()
    assert not {name for name in translated if name.startswith(("anthropic-", "openai-"))}


async def test_headers_of_a_failed_attempt_are_forgotten(gateway: Running, simulate: Simulate) -> None:
    """Point 22: after a fall-back the caller sees the headers of the attempt that answered, not those of the one before."""
    fault = {"kind": "empty"}
    await simulate("a", script(answer={"headers": {"openai-processing-ms": "1"}}, cases=[{"fault": fault}]))
    await simulate("b", says())
    answer = await post(gateway, question(model="fallback"))
    assert answer.status == 200
    assert "openai-processing-ms" not in answer.headers
    assert [attempt["upstream"] for attempt in await attempts_of(gateway, answer)][-1] == "b"
