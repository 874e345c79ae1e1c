"""Reading a body: bounded before and after decompression, and never waited for without a limit."""

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.foundation.errors import RequestInvalid, RequestTooLarge
from triplepoint.gateway.body import BodyStalled, CallerLeft, decompress, read_body

PACKERS: dict[bytes, Callable[[bytes], bytes]] = {
    b"gzip": gzip.compress,
    b"deflate": zlib.compress,
    b"zstd": zstandard.compress,
}


def pieces(*parts: bytes | None) -> Callable[[], Awaitable[MutableMapping[str, Any]]]:
    """Return a ``receive`` that gives these pieces; None for a caller that leaves."""
    left = list(parts)

    async def receive() -> MutableMapping[str, Any]:
        part = left.pop(0)
        return {"type": "http.disconnect"} if part is None else {"type": "http.request", "body": part, "more_body": bool(left)}

    return receive


async def read(*parts: bytes | None, declared: bytes | None = None, encoding: bytes | None = None, limit: int = 100) -> bytes:
    """Read a body that comes in these pieces."""
    return await read_body(pieces(*parts), declared=declared, encoding=encoding, limit=limit, patience_s=1)


async def test_pieces_are_put_together() -> None:
    """However it was cut, it is one body; an empty one is one too."""
    assert await read(b"ab", b"", b"cd") == b"abcd"
    assert await read(b"") == b""


@pytest.mark.parametrize("declared", [b"101", b"99999999999999999999", b"-1", b"+5", b"5 ", b"0x5", b""])
async def test_a_length_that_is_too_large_or_none_is_refused_unread(declared: bytes) -> None:
    """Nothing is received for it."""
    with pytest.raises(RequestTooLarge):
        await read(declared=declared)


async def test_the_limit_is_exact() -> None:
    """A body of the limit is taken, one byte more is not, declared or counted."""
    assert len(await read(b"x" * 60, b"x" * 40, declared=b"100")) == 100
    with pytest.raises(RequestTooLarge):
        await read(b"x" * 60, b"x" * 41)


async def test_a_caller_that_left_is_no_body() -> None:
    """Half a body is never taken for a whole one."""
    with pytest.raises(CallerLeft):
        await read(b"half", None)


async def test_silence_is_bounded() -> None:
    """A caller that sends nothing is told so with 408."""

    async def receive() -> MutableMapping[str, Any]:
        await asyncio.sleep(60)
        raise AssertionError

    with pytest.raises(BodyStalled) as told:
        await read_body(receive, declared=None, encoding=None, limit=10, patience_s=0.01)
    assert told.value.status == 408


@given(body=st.binary(max_size=500), coding=st.sampled_from(sorted(PACKERS)))
def test_what_was_packed_comes_out(body: bytes, coding: bytes) -> None:
    """Each coding gives back what went in, in any case of letters, to the last byte of the limit."""
    packed = PACKERS[coding](body)
    assert decompress(packed, coding.upper(), limit=len(body)) == body
    if body:
        with pytest.raises(RequestTooLarge):
            decompress(packed, coding, limit=len(body) - 1)


@given(body=st.binary(max_size=200), coding=st.sampled_from([b"gzip", b"deflate", b"zstd", b"br", b"", b"gzip, deflate"]))
def test_no_bytes_break_it(body: bytes, coding: bytes) -> None:
    """Anything comes out as bytes or as a clear refusal."""
    refused: RequestInvalid | None = None
    try:
        assert len(decompress(body, coding, limit=1000)) <= 1000
    except RequestInvalid as error:
        refused = error
    assert refused is None or refused.status in {400, 413}


@given(body=st.binary(min_size=20, max_size=300), coding=st.sampled_from(sorted(PACKERS)), cut=st.integers(1, 8))
def test_half_a_body_is_never_taken_for_a_whole(body: bytes, coding: bytes, cut: int) -> None:
    """What was cut off at its end is refused, even where all of the content could be read."""
    with pytest.raises(RequestInvalid):
        decompress(PACKERS[coding](body)[:-cut], coding, limit=10_000)
