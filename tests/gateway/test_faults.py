"""Upstreams that are down, slow, lying or broken: the caller learns in time, in its dialect, and nothing ever looks more whole
than it was. What an upstream says in its faults, and what we say to it, stays between the two.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.gateway.harness import (
    Running,
    anthropic_upstream,
    free_port,
    model,
    openai_upstream,
    start_gateway,
    write_configuration,
)
from tests.gateway.raw import CHAT, Raw, get, post, question

from triplepoint.upstreams.simulated.model import Script
from triplepoint.upstreams.simulated.server import SimulatedServer

MESSAGES, RESPONSES = "/v1/messages", "/v1/responses"
WORDS = "our GPU number 7 burns, ask Eve (eve@upstream.example)"
SECRET = "sk-planted-upstream-key-0123456789"  # a key that is planted to be searched for
LIMITS = {"connect": "800ms", "first_byte": "800ms", "idle": "800ms", "total": "3s"}
TERMINAL = {CHAT: b"data: [DONE]", MESSAGES: b"event: message_stop", RESPONSES: b"event: response.completed"}


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Run a gateway whose upstreams a (chat) and c (messages) have short limits, a key, and one attempt."""
    folder = tmp_path_factory.mktemp("hasty")
    ports = {name: free_port() for name in "ac"}
    settings: dict[str, Any] = {"limits": LIMITS, "retry": {"attempts": 1}, "api_key": "${PLANTED_UPSTREAM_KEY}"}
    port = write_configuration(
        folder,
        upstreams={"a": openai_upstream(ports["a"], **settings), "c": anthropic_upstream(ports["c"], **settings)},
        models={"chat": model("a"), "claude": model("c", capabilities=["chat", "tools"])},
        settings={"gateway": {"max_answer": "1MiB"}},
    )
    with start_gateway(folder, port, environ={"PLANTED_UPSTREAM_KEY": SECRET}) as running:
        running.ports = ports
        yield running


def _script(fault: dict[str, Any], **pace: str) -> Script:
    answer = {"text": "one two three four", "pace": pace, "role_alone": bool(pace)}
    return Script.model_validate({"cases": [{"fault": fault}], "answer": answer}, strict=False)


async def _receipt(gateway: Running, answer: Raw) -> dict[str, Any]:
    return (await get(gateway, f"/v1/receipts/{answer.headers['x-triplepoint-receipt']}")).json()


def _assert_discreet(answer: Raw) -> None:
    """The upstream's words and our key for it are nowhere in an answer."""
    told = json.dumps(answer.headers) + answer.body.decode()
    assert "Eve" not in told
    assert SECRET not in told
    assert "127.0.0.1" not in told


# What happens upstream, and what the caller of a plain answer is told of it.
WHOLE: dict[str, tuple[dict[str, Any], int, str]] = {
    "refuses our key": ({"kind": "status", "status": 401, "message": WORDS}, 502, "upstream_misconfigured"),
    "asks for money": ({"kind": "status", "status": 402, "message": WORDS}, 502, "upstream_misconfigured"),
    "forbids": ({"kind": "status", "status": 403, "message": WORDS}, 502, "upstream_misconfigured"),
    "does not know the model": ({"kind": "status", "status": 404, "message": WORDS}, 502, "upstream_misconfigured"),
    "breaks down": ({"kind": "status", "status": 500, "message": WORDS}, 502, "upstream_error"),
    "sends a proxy's page": ({"kind": "status", "status": 502, "body": f"<html>{WORDS}"}, 502, "upstream_error"),
    "is overloaded": ({"kind": "status", "status": 503, "message": WORDS}, 503, "upstream_overloaded"),
    "is overloaded, as Anthropic says": ({"kind": "status", "status": 529, "message": WORDS}, 503, "upstream_overloaded"),
    "has waited itself": ({"kind": "status", "status": 504, "message": WORDS}, 504, "upstream_timeout"),
    "limits our rate": ({"kind": "status", "status": 429, "message": WORDS, "retry_after": "30"}, 429, "upstream_rate_limited"),
    "sends an error as 200": ({"kind": "error_body", "message": WORDS}, 502, "error_in_answer"),
    "sends nothing": ({"kind": "empty"}, 502, "protocol_error"),
    "closes at once": ({"kind": "close"}, 502, "connection_lost"),
    "resets at once": ({"kind": "close", "how": "reset"}, 502, "connection_lost"),
    "closes within its head": ({"kind": "close", "after_bytes": 20}, 502, "connection_lost"),
    "says nothing": ({"kind": "stall"}, 504, "first_byte_timeout"),
    "stops after its head": ({"kind": "stall", "where": "after_head"}, 504, "idle_timeout"),
    "stops within its body": ({"kind": "stall", "where": "in_body"}, 504, "idle_timeout"),
    "closes within its body": ({"kind": "cut"}, 502, "connection_lost"),
    "resets within its body": ({"kind": "cut", "how": "reset"}, 502, "connection_lost"),
    "sends half a JSON": ({"kind": "malformed_json"}, 502, "protocol_error"),
    "sends garbage for a head": ({"kind": "garbage", "where": "head"}, 502, "protocol_error"),
    "sends garbage for a length": ({"kind": "garbage", "where": "framing"}, 502, "protocol_error"),
    "sends garbage for a body": ({"kind": "garbage", "where": "body"}, 502, "protocol_error"),
    "promises more than it sends": ({"kind": "wrong_length", "by": 7}, 502, "connection_lost"),
    "promises more and waits": ({"kind": "wrong_length", "by": 7, "then": "keep_open"}, 504, "idle_timeout"),
    "sends more than it promises": ({"kind": "wrong_length", "by": -7}, 502, "protocol_error"),
    "has two lengths": ({"kind": "both_lengths"}, 502, "protocol_error"),
    "drips its head": ({"kind": "drip", "part": "head", "every": "50ms"}, 504, "total_timeout"),
    "sends huge headers": ({"kind": "huge", "part": "head", "size": "4MiB"}, 502, "protocol_error"),
    "sends a huge body": ({"kind": "huge", "part": "body", "size": "8MiB"}, 502, "answer_too_large"),
}


@pytest.mark.parametrize(("fault", "status", "code"), WHOLE.values(), ids=WHOLE.keys())
async def test_a_plain_answer_that_fails(hasty: Running, fault: dict[str, Any], status: int, code: str) -> None:
    """The caller gets the error in time and without the upstream's words; the receipt says that the attempt failed, and how."""
    async with SimulatedServer(_script(fault), port=hasty.ports["a"]) as server:
        answer = await post(hasty, question())
        assert server.seen.count == 1
    assert (answer.status, answer.json()["error"]["code"]) == (status, code)
    _assert_discreet(answer)
    receipt = await _receipt(hasty, answer)
    assert (receipt["outcome"], receipt["attempts"][0]["error"]) == ("failed", code)


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
async def test_nobody_is_there(hasty: Running, is_stream: bool) -> None:
    """Where nobody listens nothing was sent, so nothing is due: the receipt says zero, not unknown."""
    answer = await post(hasty, question(stream=is_stream))
    assert (answer.status, answer.json()["error"]["code"]) == (502, "connect_failed")
    receipt = await _receipt(hasty, answer)
    assert (receipt["outcome"], receipt["cost_usd"]) == ("failed", "0")
    _assert_discreet(answer)


async def test_what_a_failed_attempt_cost_is_unknown(hasty: Running) -> None:
    """An upstream that took a request and broke off may charge for it; until somebody knows, its cost is not zero."""
    async with SimulatedServer(_script({"kind": "close"}), port=hasty.ports["a"]):
        receipt = await _receipt(hasty, await post(hasty, question()))
    assert receipt["cost_usd"] is None


# Faults before the first event of a stream: the caller can still be told by status.
EARLY = [
    "refuses our key", "breaks down", "is overloaded", "limits our rate", "sends nothing", "closes at once", "resets at once",
    "says nothing", "sends garbage for a head", "sends huge headers", "has two lengths", "drips its head",
]  # fmt: skip
_IN_A_STREAM = {"sends nothing": (502, "stream_cut")}


@pytest.mark.parametrize("name", EARLY)
async def test_a_stream_that_fails_before_its_first_event(hasty: Running, name: str) -> None:
    """It is an error with its status, never a 200."""
    fault, status, code = WHOLE[name]
    async with SimulatedServer(_script(fault), port=hasty.ports["a"]):
        answer = await post(hasty, question(stream=True))
    assert (answer.status, answer.json()["error"]["code"]) == _IN_A_STREAM.get(name, (status, code))
    _assert_discreet(answer)


@pytest.mark.parametrize(
    ("kind", "code"), [("error_event", "error_in_answer"), ("error_body", "stream_cut")], ids=["as an event", "as plain JSON"]
)
async def test_a_stream_that_begins_with_an_error(hasty: Running, kind: str, code: str) -> None:
    """An error in the place of the first event is an error with a status, though the upstream said 200."""
    fault = {"kind": kind, "message": WORDS, **({"after_chunks": 0} if kind == "error_event" else {})}
    async with SimulatedServer(_script(fault), port=hasty.ports["a"]):
        answer = await post(hasty, question(stream=True))
    assert (answer.status, answer.json()["error"]["code"]) == (502, code)
    _assert_discreet(answer)


# Faults inside a stream, and the code of the error event that ends it.
LATE: dict[str, tuple[dict[str, Any], str]] = {
    "closes": ({"kind": "cut", "after_chunks": 2}, "connection_lost"),
    "resets": ({"kind": "cut", "after_chunks": 2, "how": "reset"}, "connection_lost"),
    "ends well without its end": ({"kind": "cut", "after_chunks": 2, "how": "terminated"}, "stream_cut"),
    "falls silent": ({"kind": "stall", "where": "in_body", "after_chunks": 2}, "idle_timeout"),
    "reports an error": ({"kind": "error_event", "after_chunks": 2, "message": WORDS}, "error_in_answer"),
    "reports an error and says that it is done": (
        {"kind": "error_event", "after_chunks": 2, "message": WORDS, "done": True},
        "error_in_answer",
    ),
    "sends half a JSON": ({"kind": "malformed_json", "after_chunks": 2}, "protocol_error"),
    "sends bytes that are no text": ({"kind": "malformed_event", "after_chunks": 2, "form": "bad_utf8"}, "protocol_error"),
    "ends within an event": ({"kind": "malformed_event", "after_chunks": 2, "form": "unfinished"}, "stream_cut"),
    "sends a line without end": ({"kind": "huge", "part": "line", "size": "20MiB"}, "protocol_error"),
}


@pytest.mark.parametrize(("path", "name"), [(CHAT, "chat"), (MESSAGES, "claude"), (MESSAGES, "chat"), (RESPONSES, "claude")])
@pytest.mark.parametrize(("fault", "code"), LATE.values(), ids=LATE.keys())
async def test_a_stream_that_breaks_inside(hasty: Running, fault: dict[str, Any], code: str, path: str, name: str) -> None:
    """What came is forwarded; then an error event of the caller's dialect, and no sign of an end; the receipt says cut."""
    async with SimulatedServer(_script(fault, between_tokens="10ms"), port=hasty.ports["a" if name == "chat" else "c"]):
        answer = await post(hasty, _asking(path, name), path=path)
    assert answer.status == 200
    _assert_discreet(answer)
    events = answer.body.decode().strip().split("\n\n")
    assert TERMINAL[path] not in answer.body
    last = json.loads(events[-1].rpartition("data: ")[2])
    if path == CHAT:
        assert last["error"]["code"] == code
    else:
        assert events[-1].startswith("event: error\n")
        assert last["type"] == "error"
    receipt = await _receipt(hasty, answer)
    assert (receipt["outcome"], receipt["attempts"][0]["error"]) == ("cut", code)
    assert receipt["cost_usd"] is not None


def _asking(path: str, name: str) -> bytes:
    if path == RESPONSES:
        return json.dumps({"model": name, "input": "hello", "stream": True}).encode()
    return question(model=name, stream=True, max_tokens=50)


async def test_a_missing_done_alone_is_forgiven(hasty: Running) -> None:
    """A chat stream whose finish reason came, and only ``[DONE]`` did not, is whole; the caller gets the missing line."""
    async with SimulatedServer(_script({"kind": "missing_done"}), port=hasty.ports["a"]):
        answer = await post(hasty, question(stream=True))
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert (await _receipt(hasty, answer))["outcome"] == "finished"


async def test_an_end_that_comes_twice_is_told_once(hasty: Running) -> None:
    """What follows the terminal event is not the caller's business."""
    async with SimulatedServer(_script({"kind": "double_done"}), port=hasty.ports["a"]):
        answer = await post(hasty, question(stream=True))
    assert answer.body.count(b"[DONE]") == 1


async def test_a_request_at_fault_is_told_in_the_upstreams_words(hasty: Running) -> None:
    """A 400 speaks of the caller's own request, so its message, param and code are passed on."""
    body = json.dumps(
        {"error": {"message": "n is too large", "type": "invalid_request_error", "param": "n", "code": "too_large"}}
    )
    fault = {"kind": "status", "status": 400, "body": body}
    async with SimulatedServer(_script(fault), port=hasty.ports["a"]):
        answer = await post(hasty, question(n=99))
    error = answer.json()["error"]
    assert (answer.status, error["message"], error["param"], error["code"]) == (400, "n is too large", "n", "too_large")


@asynccontextmanager
async def _saying(port: int, answer: bytes) -> AsyncGenerator[None]:
    """Play an upstream that says these bytes to everyone, and closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    async with server:
        yield


def _http(status: str, *lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", f"content-length: {len(body)}", *lines, "", ""]).encode() + body


STRANGE: dict[str, tuple[bytes, int, str]] = {
    "redirects": (_http("302 Found", "location: http://127.0.0.1:1/steal"), 502, "upstream_misconfigured"),
    "redirects for good": (_http("308 Permanent Redirect", f"location: http://{SECRET}/"), 502, "upstream_misconfigured"),
    "has nothing new": (_http("304 Not Modified"), 502, "upstream_misconfigured"),
    "has no content": (_http("204 No Content"), 502, "protocol_error"),
    "switches protocols": (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", 502, "protocol_error"),
    "nests without end": (_http("200 OK", body=b'{"choices":' + b"[" * 100_000), 502, "protocol_error"),
    "answers with a list": (_http("200 OK", body=b"[1, 2]"), 502, "protocol_error"),
    "answers with no text": (_http("200 OK", body=b'{"choices": [], "note": "\xff"}'), 502, "protocol_error"),
    "swells": (_http("200 OK", "content-encoding: br", body=b"x"), 502, "protocol_error"),
    "speaks SSH": (b"SSH-2.0-OpenSSH_9.7\r\n", 502, "protocol_error"),
}


@pytest.mark.parametrize(("said", "status", "code"), STRANGE.values(), ids=STRANGE.keys())
@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
async def test_strange_answers(hasty: Running, said: bytes, status: int, code: str, is_stream: bool) -> None:
    """No redirect is followed, nothing strange is passed on: the caller gets an error, whichever it is."""
    async with _saying(hasty.ports["a"], said):
        answer = await post(hasty, question(stream=is_stream))
    assert answer.status == status
    if not is_stream:
        assert answer.json()["error"]["code"] == code
    _assert_discreet(answer)


async def test_nonsense_in_a_usage_is_no_usage(hasty: Running) -> None:
    """Counts that cannot be are left out and estimated: they neither reach a bill nor stop the ledger."""
    for tokens in (10**30, -5, 1.5, "many", None, True):
        usage = {"prompt_tokens": tokens, "completion_tokens": tokens, "total_tokens": tokens}
        choice = {"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}
        body = json.dumps({"id": "x", "model": "a", "choices": [choice], "usage": usage}).encode()
        async with _saying(hasty.ports["a"], _http("200 OK", body=body)):
            answer = await post(hasty, question())
        assert answer.status == 200
        counted = (await _receipt(hasty, answer))["attempts"][0]["usage"]
        assert counted["source"] == "estimated"
        assert 0 < counted["input_tokens"] < 100


async def test_faults_leave_no_secret_behind(hasty: Running) -> None:
    """After every fault above, neither our key for the upstream nor the upstream's words are in log, status or metrics."""
    with hasty.installation() as installation:
        told = hasty.log + str(installation.gateway.status()) + str(installation.gateway.metrics())
    assert SECRET not in told
    assert "Eve" not in told
    assert "a request failed for a reason of ours" not in told
