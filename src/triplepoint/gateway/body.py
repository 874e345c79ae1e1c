"""Reads a request's body: bounded, decompressed, never waited for without a limit."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import zstandard

from triplepoint.foundation.errors import RequestInvalid, RequestTooLarge

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

_STEP = 64 * 1024


class CallerLeft(Exception):
    """The caller closed its connection; there is nobody to answer."""


async def read_body(
    receive: Receive, *, declared: bytes | None, encoding: bytes | None, limit: int, patience_s: float
) -> bytes:
    """Read the whole body.

    Args:
        declared: ``content-length`` as sent, if any; a body that announces too much is refused before it is read.
        encoding: ``content-encoding`` as sent, if any.
        limit: Bytes, counted before and after decompression.
        patience_s: Longest silence between two pieces.
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
        try:
            async with asyncio.timeout(patience_s):
                message = await receive()
        except TimeoutError as error:
            raise BodyStalled from error
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
    Raises: RequestTooLarge, RequestInvalid: as `read_body`.
    """
    name = encoding.strip().lower()
    try:
        if name in {b"gzip", b"x-gzip"}:
            return _inflate(body, zlib.MAX_WBITS | 16, limit)
        if name == b"deflate":
            return _inflate(body, zlib.MAX_WBITS, limit)
        if name == b"zstd":
            return _expand_zstd(body, limit)
    except (zlib.error, zstandard.ZstdError) as error:
        raise RequestInvalid(f"The body is not valid {name.decode()}.", code="invalid_encoding") from error
    raise RequestInvalid(
        "This content-encoding is not understood; send gzip, deflate, zstd or none.",
        param="content-encoding",
        code="invalid_encoding",
    )


def _inflate(body: bytes, window: int, limit: int) -> bytes:
    decoder = zlib.decompressobj(window)
    decoded = decoder.decompress(body, limit + 1)
    if len(decoded) > limit:
        raise _too_large(limit)
    if not decoder.eof:
        raise zlib.error("truncated")
    return decoded


def _expand_zstd(body: bytes, limit: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    with zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(body) as reader:
        while piece := reader.read(_STEP):
            size += len(piece)
            if size > limit:
                raise _too_large(limit)
            pieces.append(piece)
    return b"".join(pieces)


def _too_large(limit: int) -> RequestTooLarge:
    return RequestTooLarge(f"The request body is larger than {limit} bytes after decompression; send less.")
