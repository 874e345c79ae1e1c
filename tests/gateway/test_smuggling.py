"""Bytes that two readers could understand differently: refused whole, before anything of them is acted upon.

A proxy in front of the gateway may see one request where the gateway would see two. Whatever leaves room for that is a 400, the
connection ends with it, and no upstream hears of it.
"""

from collections.abc import Callable

import pytest
from tests.gateway.conftest import Simulate
from tests.gateway.harness import Running
from tests.gateway.raw import CHAT, Caller, call, head, post, question, request

from triplepoint.gateway.head import MAX_HEAD_BYTES
from triplepoint.upstreams.simulated.model import Script

BODY = question()
LENGTH = f"content-length: {len(BODY)}"
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
Make = Callable[[Running], bytes]

AMBIGUOUS: dict[str, Make] = {
    "a length and chunks": lambda g: head(g, LENGTH, "transfer-encoding: chunked") + CHUNKS,
    "chunks and a length": lambda g: head(g, "transfer-encoding: chunked", LENGTH) + CHUNKS,
    "chunks hidden by a tab": lambda g: head(g, "transfer-encoding:\tchunked", LENGTH) + CHUNKS,
    "chunks hidden by a space": lambda g: head(g, "transfer-encoding : chunked") + CHUNKS,
    "chunks hidden in a folded line": lambda g: head(g, "x-a: b\r\n transfer-encoding: chunked", LENGTH) + BODY,
    "chunks twice": lambda g: head(g, "transfer-encoding: chunked, chunked") + CHUNKS,
    "an unknown transfer coding": lambda g: head(g, "transfer-encoding: xchunked") + CHUNKS,
    "a transfer coding that nobody undoes": lambda g: head(g, "transfer-encoding: gzip, chunked") + CHUNKS,
    "the identity transfer coding": lambda g: head(g, "transfer-encoding: identity") + BODY,
    "two lengths": lambda g: head(g, LENGTH, "content-length: 3") + BODY,
    "the same length twice": lambda g: head(g, LENGTH, LENGTH) + BODY,
    "a list of lengths": lambda g: head(g, f"{LENGTH}, {len(BODY)}") + BODY,
    "a length with a sign": lambda g: head(g, f"content-length: +{len(BODY)}") + BODY,
    "a negative length": lambda g: head(g, "content-length: -5") + BODY,
    "a length beyond all counting": lambda g: head(g, "content-length: " + "9" * 30) + BODY,
    "a folded header": lambda g: head(g, "x-a: b\r\n c", LENGTH) + BODY,
    "bare line feeds": lambda g: request(g, BODY).replace(b"\r\n", b"\n"),
    "one bare line feed": lambda g: request(g, BODY).replace(b"host: gateway\r\n", b"host: gateway\nx-b: c\r\n"),
    "a bare carriage return": lambda g: request(g, BODY).replace(b"host: gateway\r\n", b"host: gateway\rx-b: c\r\n"),
    "a null byte": lambda g: request(g, BODY).replace(b"host: gateway", b"host: gate\0way"),
    "a space in a name": lambda g: request(g, BODY, "bad name: x"),
    "a chunk of no size": lambda g: head(g, "transfer-encoding: chunked") + b"zz\r\n" + BODY + b"\r\n0\r\n\r\n",
    "a chunk beyond all counting": lambda g: head(g, "transfer-encoding: chunked") + b"f" * 18 + b"\r\n" + BODY,
    "chunks with bare line feeds": lambda g: head(g, "transfer-encoding: chunked") + CHUNKS.replace(b"\r\n", b"\n"),
    "no host": lambda g: request(g, BODY).replace(b"host: gateway\r\n", b""),
    "two hosts": lambda g: request(g, BODY, "host: other"),
    "an upgrade that takes the body away": lambda g: request(g, BODY, "connection: upgrade", "upgrade: h2c"),
    "a tunnel": lambda _: b"CONNECT gateway:80 HTTP/1.1\r\nhost: gateway:80\r\n\r\n",
    "the preface of HTTP/2": lambda _: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a version that does not exist": lambda g: request(g, BODY, version="3.7"),
    "a path that is no text": lambda _: b"GET /\xff\xfe HTTP/1.1\r\nhost: gateway\r\n\r\n",
    "a TLS greeting": lambda _: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("make", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
async def test_what_can_be_read_in_two_ways_is_refused(gateway: Running, simulate: Simulate, make: Make) -> None:
    """It gets one 400 as JSON, its connection ends, no second request is read from it, and no upstream sees anything."""
    server = await simulate("a", Script())
    async with call(gateway) as caller:
        await caller.send(make(gateway))
        answer = await caller.answer()
        assert await caller.until_closed() == b""
    assert answer.status == 400
    assert answer.headers["connection"] == "close"
    assert answer.json()["error"]["code"] == "invalid_http"
    assert server.seen.count == 0


HUGE: dict[str, Make] = {
    "one long header": lambda g: request(g, BODY, "x-big: " + "a" * MAX_HEAD_BYTES),
    "many short headers": lambda g: request(g, BODY, *[f"x-{number}: {'y' * 10}" for number in range(5000)]),
    "a long path": lambda g: head(g, LENGTH, path="/v1/" + "a" * MAX_HEAD_BYTES) + BODY,
}


@pytest.mark.parametrize("make", HUGE.values(), ids=HUGE.keys())
async def test_a_huge_head_is_refused(gateway: Running, simulate: Simulate, make: Make) -> None:
    """A whole head over the limit is a 431, however it came to be so large."""
    server = await simulate("a", Script())
    async with call(gateway) as caller:
        await caller.send(make(gateway))
        answer = await caller.answer()
    assert (answer.status, answer.json()["error"]["code"]) == (431, "head_too_large")
    assert server.seen.count == 0


ENDLESS: dict[str, Make] = {
    "a header": lambda g: head(g)[:-2] + b"x-endless: ",
    "the request line": lambda _: b"GET /",
    "empty lines before a request": lambda _: b"\r\n",
    "a chunk's extension": lambda g: head(g, "transfer-encoding: chunked") + b"4;",
    "a trailer": lambda g: head(g, "transfer-encoding: chunked") + CHUNKS[:-2] + b"x-endless: ",
}


@pytest.mark.parametrize("make", ENDLESS.values(), ids=ENDLESS.keys())
async def test_what_never_ends_is_not_kept(gateway: Running, make: Make) -> None:
    """Whatever the parser would collect without end is cut off after little more than the limit of a head."""
    start = make(gateway)
    filler = b"\r\n" * 8192 if start == b"\r\n" else b"a" * 16384
    async with call(gateway) as caller:
        await caller.send(start)
        assert await _flood(caller, filler, most=64 * 2**20) < 16 * 2**20  # what is beyond the limit fills the sockets' buffers


async def _flood(caller: Caller, filler: bytes, *, most: int) -> int:
    """Send until the connection breaks; returns how much went out."""
    sent = 0
    try:
        while sent < most:
            await caller.send(filler)
            sent += len(filler)
    except ConnectionError:
        return sent
    return most


async def test_trailers_are_no_headers(gateway: Running, simulate: Simulate) -> None:
    """A header after the body, where a proxy would not look for it, changes neither key nor anything else."""
    await simulate("a", Script())
    late = CHUNKS[:-2] + b"authorization: Bearer tp-another\r\nx-triplepoint-explain: nonsense\r\n\r\n"
    async with call(gateway) as caller:
        await caller.send(head(gateway, "transfer-encoding: chunked") + late)
        assert (await caller.answer()).status == 200


async def test_garbage_after_a_request_never_becomes_its_answer(gateway: Running, simulate: Simulate) -> None:
    """While a request is answered, garbage behind it ends the connection, and no 400 could be taken for its answer."""
    await simulate("a", Script.model_validate({"answer": {"pace": {"first_token": "300ms"}}}))
    async with call(gateway) as caller:
        await caller.send(request(gateway, BODY) + b"\x00\x01garbage\r\n\r\n")
        assert await caller.until_closed() == b""


async def test_pipelined_requests_are_answered_in_order(gateway: Running, simulate: Simulate) -> None:
    """Requests sent without waiting get their own answers, one after the other, the slow first one first."""
    slow = {"when": {"contains": "slow"}, "answer": {"text": "slow", "pace": {"first_token": "200ms"}}}
    await simulate("a", Script.model_validate({"cases": [slow], "answer": {"text": "quick"}}))
    async with call(gateway) as caller:
        await caller.send(request(gateway, question("slow")) + request(gateway, BODY) + request(gateway, BODY))
        answers = [await caller.answer() for _ in range(3)]
    assert [answer.json()["choices"][0]["message"]["content"] for answer in answers] == ["slow", "quick", "quick"]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 3


async def test_an_absolute_target_is_the_path_in_it(gateway: Running, simulate: Simulate) -> None:
    """A request written as to a proxy is answered as if it named the path alone."""
    await simulate("a", Script())
    assert (await post(gateway, BODY, path=f"http://elsewhere{CHAT}")).status == 200


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
async def test_a_caller_of_http_1_0_gets_no_chunks(gateway: Running, simulate: Simulate, is_stream: bool) -> None:
    """An answer to HTTP/1.0 has no transfer coding, which that version does not know, and ends with the connection."""
    await simulate("a", Script())
    async with call(gateway) as caller:
        await caller.send(request(gateway, question(stream=is_stream), version="1.0"))
        answer = await caller.until_closed()
    top, _, body = answer.partition(b"\r\n\r\n")
    assert top.startswith(b"HTTP/1.1 200 ")
    assert b"transfer-encoding" not in top.lower()
    assert body.endswith(b"data: [DONE]\n\n" if is_stream else b"}")


async def test_a_caller_that_waits_for_leave_to_send_gets_it(gateway: Running, simulate: Simulate) -> None:
    """``Expect: 100-continue`` is answered before the body is sent, but not where the key is wrong."""
    await simulate("a", Script())
    async with call(gateway) as caller:
        await caller.send(head(gateway, LENGTH, "expect: 100-continue"))
        assert (await caller.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        await caller.send(BODY)
        assert (await caller.answer()).status == 200
    async with call(gateway) as caller:
        await caller.send(head(gateway, LENGTH, "expect: 100-continue", key="tp-wrong"))
        assert (await caller.answer()).status == 401
