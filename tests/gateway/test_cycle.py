"""One request on a connection: the direct way and ASGI's say the same on the wire."""

import asyncio
from typing import Any

import pytest
from tests.gateway.queued import Line

from triplepoint.gateway.cycle import Cycle

HEADERS = [(b"content-type", b"application/json")]


def a_cycle(*, method: bytes = b"POST", version: str = "1.1", keep_alive: bool = True, expects: bool = False) -> Cycle:
    """Make a request on a line of its own, whose body has yet to come."""
    headers = [(b"host", b"here"), *([(b"expect", b"100-Continue")] if expects else [])]
    return Cycle(
        Line(),
        method=method,
        path="/",
        query=b"",
        version=version,
        headers=headers,
        incoming=dict(headers),
        keep_alive=keep_alive,
    )


def sent(cycle: Cycle) -> bytes:
    """Return what the caller has got."""
    transport: Any = cycle.line.transport
    return transport.sent


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("keep_alive", [True, False])
@pytest.mark.parametrize("method", [b"POST", b"HEAD"])
@pytest.mark.parametrize("length", [None, 4])
async def test_both_ways_write_the_same(version: str, keep_alive: bool, method: bytes, length: int | None) -> None:
    """An answer given directly is on the wire what ASGI's messages make of it."""
    direct = a_cycle(method=method, version=version, keep_alive=keep_alive)
    direct.begin(200, HEADERS, length=length)
    direct.write(b"ab", is_last=False)
    direct.write(b"cd", is_last=True)
    by_messages = a_cycle(method=method, version=version, keep_alive=keep_alive)
    lengths = [] if length is None else [(b"content-length", b"%d" % length)]
    await by_messages.send({"type": "http.response.start", "status": 200, "headers": [*HEADERS, *lengths]})
    await by_messages.send({"type": "http.response.body", "body": b"ab", "more_body": True})
    await by_messages.send({"type": "http.response.body", "body": b"cd"})
    assert sent(direct) == sent(by_messages)
    assert direct.response_complete
    assert (b"connection: close" in sent(direct)) is not keep_alive
    assert (b"transfer-encoding" in sent(direct)) is (version == "1.1" and length is None)


@pytest.mark.parametrize("value", [b"a\r\nx: y", b"a\nb", b"a\rb"])
def test_a_line_break_in_a_header_is_refused(value: bytes) -> None:
    """No value of a header becomes another header, and nothing of such an answer is sent."""
    cycle = a_cycle()
    with pytest.raises(ValueError, match="line break"):
        cycle.begin(200, [(b"x-told", value)], length=0)
    assert (sent(cycle), cycle.response_started) == (b"", False)


async def test_a_body_in_pieces_is_whole_only_at_its_end() -> None:
    """A body is taken at once when it is there, and waited for by `receive` when it is not."""
    cycle = a_cycle()
    cycle.add(b"a")
    assert cycle.take_body() is None
    first = await cycle.receive()
    assert (first["body"], first["more_body"]) == (b"a", True)
    waiting = asyncio.create_task(cycle.receive())
    await asyncio.sleep(0)
    cycle.add(b"b")
    cycle.more_body = False
    second = await waiting
    assert (second["body"], second["more_body"]) == (b"b", False)
    assert cycle.take_body() == b""


async def test_who_waits_for_leave_gets_it_when_the_body_is_asked_for() -> None:
    """``100 Continue`` goes out when somebody wants the body, once, and not where the body is there already."""
    cycle = a_cycle(expects=True)
    assert sent(cycle) == b""
    cycle.add(b"a")
    await cycle.receive()
    cycle.add(b"b")
    await cycle.receive()
    assert sent(cycle) == b"HTTP/1.1 100 Continue\r\n\r\n"


async def test_one_who_leaves_stops_the_answer_and_gets_nothing_more() -> None:
    """Leaving cancels whoever answers, ends `receive`, and silences `write`."""
    cycle = a_cycle()
    answering = asyncio.create_task(asyncio.sleep(60))
    cycle.cancel = answering.cancel
    receiving = asyncio.create_task(cycle.receive())
    await asyncio.sleep(0)
    cycle.leave()
    assert (await receiving)["type"] == "http.disconnect"
    with pytest.raises(asyncio.CancelledError):
        await answering
    cycle.begin(200, HEADERS, length=2)
    cycle.write(b"ok", is_last=True)
    assert sent(cycle) == b""


async def test_an_answer_that_was_given_up_does_not_look_whole() -> None:
    """Whoever answers and fails leaves a 500 where nothing was begun, and a cut where something was."""

    async def fails() -> None:
        raise RuntimeError("no")

    task = asyncio.create_task(fails())
    await asyncio.wait([task])
    nothing = a_cycle()
    nothing.ended(task)
    assert sent(nothing).startswith(b"HTTP/1.1 500 ")
    assert b"connection: close" in sent(nothing)
    begun = a_cycle()
    begun.begin(200, HEADERS)
    begun.write(b"half", is_last=False)
    begun.ended(task)
    assert sent(begun).endswith(b"4\r\nhalf\r\n")
    transport: Any = begun.line.transport
    assert transport.is_closed
