"""Whatever a caller sends: a clear error in its own dialect, at once, and no upstream hears of what was refused."""

import asyncio
import gzip
import json
import threading
import zlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.gateway.conftest import Simulate
from tests.gateway.harness import Running, free_port, model, openai_upstream, start_gateway, write_configuration
from tests.gateway.raw import CHAT, Raw, call, head, post, question

from triplepoint.upstreams.simulated.model import Script
from triplepoint.upstreams.simulated.server import SimulatedServer

RESPONSES, MESSAGES, COUNT, EMBEDDINGS = "/v1/responses", "/v1/messages", "/v1/messages/count_tokens", "/v1/embeddings"
PATHS = (CHAT, RESPONSES, MESSAGES, COUNT, EMBEDDINGS)


def error_of(answer: Raw, path: str) -> dict[str, Any]:
    """Return the error of an answer, which has its dialect's shape."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-should-retry"] == "false"
    if path.startswith(MESSAGES):
        assert body["type"] == "error"
        assert body["request_id"] == answer.headers["request-id"]
        assert set(body["error"]) == {"type", "message"}
    else:
        assert set(body["error"]) == {"message", "type", "param", "code"}
    assert isinstance(body["error"]["message"], str)
    return body["error"]


NO_OBJECT: dict[str, bytes] = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a text": b'"model"',
    "cut off": b'{"model": "chat"',
    "with a comma too many": b'{"model": "chat",}',
    "followed by more": b'{"model": "chat"} {}',
    "no number": b'{"model": "chat", "n": NaN}',
    "not text": b'{"model": "chat", "user": "\xff\xfe"}',
    "UTF-16": '{"model": "chat"}'.encode("utf-16"),
    "half a character": b'{"model": "chat\\ud800"}',
    "a control character": b'{"model": "chat\x00"}',
    "nested without end": b'{"model": "chat", "messages": ' + b"[" * 200_000,
    "objects without end": b'{"model":' * 200_000,
    "a form": b"model=chat&prompt=hello",
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", NO_OBJECT.values(), ids=NO_OBJECT.keys())
async def test_a_body_that_is_no_json_object_is_refused(gateway: Running, body: bytes, path: str) -> None:
    """It is a 400 that says so, on every endpoint, whatever it is instead."""
    answer = await post(gateway, body, path=path)
    assert answer.status == 400
    assert "JSON" in error_of(answer, path)["message"] or "nested" in error_of(answer, path)["message"]


WRONG_MEMBERS: dict[str, tuple[dict[str, Any], str]] = {
    "no model": ({"messages": []}, "model"),
    "model is null": ({"model": None}, "model"),
    "model is a number": ({"model": 4}, "model"),
    "model is a list": ({"model": ["chat"]}, "model"),
    "stream is a text": ({"model": "chat", "stream": "true"}, "stream"),
    "stream is a number": ({"model": "chat", "stream": 1}, "stream"),
    "stream options are a list": ({"model": "chat", "stream": True, "stream_options": []}, "stream_options"),
    "controls are a text": ({"model": "chat", "triplepoint": "cheap"}, "triplepoint"),
    "an unknown control": ({"model": "chat", "triplepoint": {"speed": 3}}, "triplepoint.speed"),
    "a dial that is not on offer": ({"model": "chat", "triplepoint": {"warmth": 3}}, "triplepoint.warmth"),
    "an empty conversation": ({"model": "chat", "triplepoint": {"conversation": ""}}, "triplepoint.conversation"),
    "a long conversation": ({"model": "chat", "triplepoint": {"conversation": "x" * 257}}, "triplepoint.conversation"),
    "a conversation that is a number": ({"model": "chat", "triplepoint": {"conversation": 7}}, "triplepoint.conversation"),
    "tags that are a list": ({"model": "chat", "triplepoint": {"tags": ["a"]}}, "triplepoint.tags"),
    "a tag that is a number": ({"model": "chat", "triplepoint": {"tags": {"a": 1}}}, "triplepoint.tags"),
    "too many tags": ({"model": "chat", "triplepoint": {"tags": {str(n): "" for n in range(17)}}}, "triplepoint.tags"),
}


@pytest.mark.parametrize(("body", "param"), WRONG_MEMBERS.values(), ids=WRONG_MEMBERS.keys())
async def test_a_member_of_the_wrong_type_is_named(gateway: Running, body: dict[str, Any], param: str) -> None:
    """What we act on must have its type; the error says which member has not, and nothing is sent."""
    answer = await post(gateway, json.dumps(body).encode())
    assert answer.status == 400
    assert error_of(answer, CHAT)["param"] == param
    answer = await post(gateway, json.dumps(body).encode(), path=MESSAGES)
    assert error_of(answer, MESSAGES)["message"].startswith(f"{param}: ")


async def test_an_unknown_control_header_is_refused(gateway: Running) -> None:
    """A control in a header that is not understood is a 400, as one in the body is."""
    answer = await post(gateway, question(), "x-triplepoint-explain: yes")
    assert (answer.status, error_of(answer, CHAT)["code"]) == (400, "unknown_control")


@pytest.mark.parametrize("name", ["nobody", "chat@2020-01", "chat@", "@test", "CHAT", "chat ", "../chat", "chat\r\nx: y", "ü"])
async def test_an_unknown_model_is_404(gateway: Running, name: str) -> None:
    """A name that nothing answers to is a 404 with the code that clients know, in either dialect."""
    answer = await post(gateway, question(model=name))
    assert (answer.status, error_of(answer, CHAT)["code"]) == (404, "model_not_found")
    answer = await post(gateway, question(model=name), path=MESSAGES)
    assert (answer.status, error_of(answer, MESSAGES)["type"]) == (404, "not_found_error")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Run a gateway that takes no more than 64 KiB, in no more than 300 ms of silence."""
    folder = tmp_path_factory.mktemp("small")
    port = write_configuration(
        folder,
        upstreams={"a": openai_upstream(free_port())},
        models={"chat": model("a")},
        settings={"gateway": {"max_body": "64KiB", "body_timeout": "300ms"}},
    )
    with start_gateway(folder, port) as running:
        yield running


BIG = question("x" * 70_000)


async def test_a_body_that_announces_too_much_is_not_read(small: Running) -> None:
    """Its length alone is refused, before a byte of it has come."""
    async with call(small) as caller:
        await caller.send(head(small, "content-length: 65537"))
        answer = await caller.answer()
    assert (answer.status, error_of(answer, CHAT)["code"]) == (413, "request_too_large")


async def test_a_body_that_announces_nothing_is_counted(small: Running) -> None:
    """Chunks without end are refused as soon as they are too many."""
    async with call(small) as caller:
        await caller.send(head(small, "transfer-encoding: chunked"))
        for _ in range(17):
            await caller.send(b"1000\r\n" + b" " * 4096 + b"\r\n")
        answer = await caller.answer()
    assert (answer.status, error_of(answer, CHAT)["code"]) == (413, "request_too_large")


ENCODED: dict[str, tuple[str, bytes]] = {
    "gzip": ("gzip", gzip.compress(BIG)),
    "gzip in two members": ("gzip", gzip.compress(BIG[:40_000]) + gzip.compress(BIG[40_000:])),
    "deflate": ("deflate", zlib.compress(BIG)),
    "zstd": ("zstd", zstandard.compress(BIG)),
    "sixty megabytes as gzip": ("gzip", gzip.compress(bytes(2**20)) * 60),
    "a gigabyte as zstd": ("zstd", zstandard.compress(bytes(2**30))),
}


@pytest.mark.parametrize(("encoding", "body"), ENCODED.values(), ids=ENCODED.keys())
async def test_a_bomb_is_not_unpacked(small: Running, encoding: str, body: bytes) -> None:
    """A body counts as long as it is unpacked, and unpacking stops where it has grown too large."""
    assert len(body) < 65_536
    memory = peak_mb(small)
    answer = await post(small, body, f"content-encoding: {encoding}")
    assert (answer.status, error_of(answer, CHAT)["code"]) == (413, "request_too_large")
    assert peak_mb(small) - memory < 24


def peak_mb(gateway: Running) -> float:
    """Return the most memory that a gateway ever held."""
    status = Path(f"/proc/{gateway.process.pid}/status").read_text("utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


BROKEN: dict[str, tuple[str, bytes]] = {
    "no gzip": ("gzip", question()),
    "half a gzip": ("gzip", gzip.compress(question())[:-9]),
    "gzip and more": ("gzip", gzip.compress(question()) + b"more"),
    "half a deflate": ("deflate", zlib.compress(question())[:-5]),
    "half a zstd": ("zstd", zstandard.compress(question())[:-5]),
    "a coding that nobody has": ("br", question()),
    "two codings": ("gzip, gzip", gzip.compress(gzip.compress(question()))),
}


@pytest.mark.parametrize(("encoding", "body"), BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_or_unknown_coding_is_refused(gateway: Running, encoding: str, body: bytes) -> None:
    """What does not unpack is a 400 that says so, never half a request."""
    answer = await post(gateway, body, f"content-encoding: {encoding}")
    assert (answer.status, error_of(answer, CHAT)["code"]) == (400, "invalid_encoding")


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(question())),
        ("x-gzip", gzip.compress(question())),
        ("deflate", zlib.compress(question())),
        ("deflate", zlib.compress(question())[2:-4]),
        ("zstd", zstandard.compress(question())),
        ("identity", question()),
    ],
    ids=["gzip", "x-gzip", "deflate", "bare deflate", "zstd", "identity"],
)
async def test_a_compressed_body_is_understood(gateway: Running, simulate: Simulate, encoding: str, body: bytes) -> None:
    """The upstream gets a compressed request unpacked."""
    server = await simulate("a", Script(record=True))
    assert (await post(gateway, body, f"content-encoding: {encoding}")).status == 200
    assert server.seen[0].body is not None
    assert json.loads(server.seen[0].body)["messages"] == json.loads(question())["messages"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", CHAT, 405),
        ("DELETE", CHAT, 405),
        ("GET", "/v1/nothing", 404),
        ("POST", "/v1/models", 404),
        ("PUT", "/api/keys", 404),
        ("OPTIONS", "*", 404),
        ("GET", "/%2e%2e/%ff%00", 404),
        ("POST", "/v1/chat/completions/", 404),
    ],
)
async def test_what_does_not_exist_is_said_in_json(gateway: Running, method: str, path: str, status: int) -> None:
    """A wrong path or method gets an error that a client can read; nothing can be written here."""
    async with call(gateway) as caller:
        await caller.send(head(gateway, "content-length: 0", path=path, method=method))
        answer = await caller.answer()
    assert answer.status == status
    assert error_of(answer, CHAT)["code"] in {"unknown_path", "method_not_allowed"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
KNOWN = (
    "messages",
    "input",
    "system",
    "instructions",
    "stream_options",
    "tools",
    "tool_choice",
    "response_format",
    "text",
    "output_config",
    "max_tokens",
    "max_output_tokens",
    "max_completion_tokens",
    "temperature",
    "stop",
    "stop_sequences",
    "n",
    "thinking",
    "reasoning",
    "metadata",
    "user",
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool", "system", "developer", ""]), "content": JSON},
    optional={"tool_calls": JSON, "tool_call_id": JSON, "name": JSON, "type": JSON},
)
BODIES = st.fixed_dictionaries(
    {"model": st.sampled_from(["chat", "claude", "auto", "small", "nobody"])},
    optional=dict.fromkeys(KNOWN, JSON) | {"stream": st.booleans() | JSON, "triplepoint": JSON},
).map(dict[str, Any])


def _spoken(body: dict[str, Any], said: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return {**body, name: said}


SPOKEN = st.builds(_spoken, BODIES, st.lists(MESSAGE.map(dict[str, Any]), max_size=3), st.sampled_from(["messages", "input"]))


@given(body=JSON | BODIES | SPOKEN, path=st.sampled_from(PATHS))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_json_breaks_the_gateway(gateway: Running, any_upstream: None, body: object, path: str) -> None:
    """Any JSON at all gets an answer or a 4xx in its dialect's shape: never a 5xx, never silence."""
    with httpx.Client(timeout=5) as client:
        answer = client.post(gateway.root_url + path, headers=gateway.headers, content=json.dumps(body))
    assert answer.status_code == 200 or 400 <= answer.status_code < 500 or answer.status_code == 501, answer.text
    if answer.status_code != 200:
        shape = answer.json()
        assert isinstance(shape["error"]["message"], str)
        assert ("type" in shape) == path.startswith(MESSAGES)


@pytest.fixture(scope="module")
def any_upstream(gateway: Running) -> Generator[None]:
    """Play upstreams a and c, which answer whatever they are asked, in a thread with a loop of its own."""
    started, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def play() -> None:
        async with SimulatedServer(Script(), port=gateway.ports["a"]), SimulatedServer(Script(), port=gateway.ports["c"]):
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(play(),))
    thread.start()
    started.wait()
    yield
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()
