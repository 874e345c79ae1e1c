"""Reads a request's body: bounded, decompressed, never waited for without a limit."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

from triplepoint.foundation.errors import RequestInvalid, RequestTooLarge, UpstreamFault
from triplepoint.upstreams.transport.encoding import RATIO, Decoder, decoder_for
from triplepoint.upstreams.transport.faults import FramingError

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class CallerLeft(Exception):
    """The caller closed its connection; there is nobody to answer."""


async def read_body(
    receive: Receive, *, declared: bytes | None, encoding: bytes | None, limit: int, patience_s: float | None
) -> bytes:
    """Read the whole body.

    Args:
        declared: ``content-length`` as sent, if any; a body that announces too much is refused before it is read.
        encoding: ``content-encoding`` as sent, if any.
        limit: Bytes, counted before and after decompression.
        patience_s: Longest silence between two pieces; None where all of it has arrived.
    Raises:
        RequestTooLarge: over the limit.
        RequestInvalid: unknown encoding, or data that does not decode; 408 when the caller stalls.
        CallerLeft: it went away.
    """
    if declared is not None and (not declared.isdigit() or int(declared) > limit):
        raise _too_large(limit)
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive() if patience_s is None else await _receive_within(receive, patience_s)
        if message["type"] == "http.disconnect":
            raise CallerLeft
        piece = message.get("body", b"")
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            body = b"".join((*pieces, piece)) if pieces else piece
            return body if encoding is None or encoding == b"identity" else decompress(body, encoding, limit=limit)
        pieces.append(piece)


async def _receive_within(receive: Receive, seconds: float) -> MutableMapping[str, Any]:
    try:
        async with asyncio.timeout(seconds):
            return await receive()
    except TimeoutError as error:
        raise BodyStalled from error


class BodyStalled(RequestInvalid):
    """The caller stopped in the middle of its body."""

    status = 408
    code = "request_timeout"

    def __init__(self) -> None:
        super().__init__("The request body did not arrive in time; send it again.")


def decompress(body: bytes, encoding: bytes, *, limit: int) -> bytes:
    """Decode a compressed body, stopping as soon as it grows over the limit.

    Args:
        encoding: ``gzip``, ``deflate`` or ``zstd``; one, not a list.
        limit: Largest decoded size in bytes.
    Raises: RequestTooLarge, RequestInvalid: as `read_body`; too large is also what swells out of all proportion.
    """
    try:
        decoder = decoder_for([encoding])
    except FramingError as error:
        raise RequestInvalid(
            "This content-encoding is not understood; send gzip, deflate, zstd or none, and only one.",
            param="content-encoding",
            code="invalid_encoding",
        ) from error
    if decoder is None:
        return body
    try:
        return b"".join(_decoded(decoder, body, limit))
    except UpstreamFault as error:  # the decoders are the upstreams', whose faults speak of an answer
        if error.code == "answer_too_large":
            raise RequestTooLarge(f"The request body swells more than {RATIO} times; send it as it is.") from error
        raise RequestInvalid("The body is not what its content-encoding says.", code="invalid_encoding") from error


def _decoded(decoder: Decoder, body: bytes, limit: int) -> Iterator[bytes]:
    size = 0
    decoder.feed(body)
    while piece := decoder.step():
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        yield piece
    decoder.finish()


def _too_large(limit: int) -> RequestTooLarge:
    return RequestTooLarge(f"The request body is larger than {limit} bytes after decompression; send less.")
