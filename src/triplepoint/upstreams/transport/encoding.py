"""Bodies that the upstream compressed, read in bounded steps.

By default we ask for ``identity``: between a gateway and its upstream compression costs more than it saves. Where the
caller asked for one, or the upstream compresses unasked, the body is decoded as it comes. A few bytes may swell into
gigabytes, so each step gives at most `STEP` bytes (zstd: what `_SLICE` bytes of input hold at most), and a body that swells
beyond `RATIO` is refused once it is large enough to matter. Two codings on top of each other are refused: no upstream needs
that, bombs do.
"""

import zlib
from typing import Protocol

import zstandard

from triplepoint.upstreams.transport import faults

STEP = 256 * 1024
"""Most bytes that one step of gzip or deflate gives."""
RATIO = 256
"""A body may be so many times longer than its compressed form …"""
RATIO_FROM = 1024 * 1024
"""… once more than this came out."""
_SLICE = 256
_ZSTD_WINDOW = 8 * 1024 * 1024
"""RFC 9659: what a decoder of HTTP need support, and may refuse to exceed."""


class Decoder(Protocol):
    """Gives back what was compressed: feed it, then `step` until that is empty."""

    def feed(self, data: bytes) -> None:
        """Take compressed bytes; only once `step` gave nothing more."""
        ...

    def step(self) -> bytes:
        """Return the next decoded bytes; empty where more input is needed.

        Raises: UpstreamFault: the bytes are not of this coding, or swell out of proportion.
        """
        ...

    def finish(self) -> None:
        """Accept the end of the body.

        Raises: UpstreamFault: it ends before the compressed data does.
        """
        ...


def decoder_for(encodings: list[bytes]) -> Decoder | None:
    """Choose a decoder by the values of ``content-encoding``; None where the body is not compressed.

    Raises: FramingError: an unknown coding, or several.
    """
    names = [
        name for value in encodings for part in value.split(b",") if (name := part.strip().lower()) not in {b"", b"identity"}
    ]
    if not names:
        return None
    if len(names) > 1:
        raise faults.FramingError("the answer is compressed more than once")
    match names[0]:
        case b"gzip" | b"x-gzip":
            return _Inflate(zlib.MAX_WBITS | 16, can_repeat=True)
        case b"deflate":
            return _Deflate()
        case b"zstd":
            return _Zstd()
        case _:
            raise faults.FramingError("the answer has a content-encoding other than gzip, deflate or zstd")


class _Proportion:
    """Watches how far a body swells."""

    def __init__(self) -> None:
        self._taken = 0
        self._given = 0

    def take(self, data: bytes) -> None:
        self._taken += len(data)

    def give(self, data: bytes) -> bytes:
        self._given += len(data)
        if self._given > RATIO_FROM and self._given > RATIO * self._taken:
            raise faults.answer_too_large(f"the answer's body decompresses to more than {RATIO} times its size")
        return data


class _Inflate:
    """Gzip, and both things that are called deflate."""

    def __init__(self, wbits: int, *, can_repeat: bool = False) -> None:
        self._wbits = wbits
        self._can_repeat = can_repeat
        self._zlib = zlib.decompressobj(wbits)
        self._pending = b""
        self._is_untouched = True
        self._proportion = _Proportion()

    def feed(self, data: bytes) -> None:
        self._pending = data
        self._proportion.take(data)

    def step(self) -> bytes:
        while not self._zlib.eof or self._next_member():
            self._is_untouched = self._is_untouched and not self._pending
            try:
                piece = self._zlib.decompress(self._pending, STEP)
            except zlib.error as error:
                raise faults.protocol_error("the answer's body is not of its content-encoding") from error
            self._pending = self._zlib.unused_data if self._zlib.eof else self._zlib.unconsumed_tail
            if piece or not self._zlib.eof:
                return self._proportion.give(piece)
        return b""

    def finish(self) -> None:
        if not self._zlib.eof and not self._is_untouched:
            raise faults.protocol_error("the answer's compressed body ends too early")

    def _next_member(self) -> bool:
        """Go on to the next member of a gzip file; whether there is one."""
        if not self._pending:
            return False
        if not self._can_repeat:
            raise faults.protocol_error("bytes follow the end of the answer's compressed body")
        self._zlib = zlib.decompressobj(self._wbits)
        return True


class _Deflate:
    """Deflate with zlib's header, as the standard has it, or without, as some servers send it: the first two bytes tell."""

    def __init__(self) -> None:
        self._first = b""
        self._inflate: _Inflate | None = None

    def feed(self, data: bytes) -> None:
        if self._inflate is None:
            data = self._first = self._first + data
            if len(data) < 2:
                return
            has_header = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._inflate = _Inflate(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
        self._inflate.feed(data)

    def step(self) -> bytes:
        return b"" if self._inflate is None else self._inflate.step()

    def finish(self) -> None:
        if self._inflate is not None:
            self._inflate.finish()
        elif self._first:
            raise faults.protocol_error("the answer's compressed body ends too early")


class _Zstd:
    """Zstandard. Its decoder knows no bound on what it gives, so it gets its input in slices."""

    def __init__(self) -> None:
        self._zstd = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._frame = self._zstd.decompressobj()
        self._is_within = False
        self._pending = memoryview(b"")
        self._proportion = _Proportion()

    def feed(self, data: bytes) -> None:
        self._pending = memoryview(data)
        self._proportion.take(data)

    def step(self) -> bytes:
        while self._pending:
            part, self._pending = self._pending[:_SLICE], self._pending[_SLICE:]
            if piece := self._decode(bytes(part)):
                return self._proportion.give(piece)
        return b""

    def finish(self) -> None:
        if self._is_within:
            raise faults.protocol_error("the answer's compressed body ends too early")

    def _decode(self, part: bytes) -> bytes:
        pieces: list[bytes] = []
        try:
            while part:
                pieces.append(self._frame.decompress(part))
                self._is_within = not self._frame.eof
                if self._is_within:
                    break
                part = self._frame.unused_data
                self._frame = self._zstd.decompressobj()
        except zstandard.ZstdError as error:
            raise faults.protocol_error("the answer's body is not of its content-encoding") from error
        return b"".join(pieces)
