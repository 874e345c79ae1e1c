r"""Answers read from bytes, strictly, without I/O; however the bytes are cut, the result is the same.

`httptools` (llhttp) reads fields and chunks. Around it stands what it leaves open:

- the head is gathered up to its empty line before it is parsed, so its size is known exactly and nothing can hide before it;
- a status line that is one; versions 1.0 and 1.1 only; a switch of protocols, which nobody asked for, is refused;
- one opinion on the body's length: one ``content-length`` or ``transfer-encoding: chunked``, not both, not twice, nothing else;
- an informational answer has no length at all, and is skipped;
- HEAD, 204 and 304 have no body whatever their headers say;
- bounds on the head, on chunk extensions and on trailers, which are read and dropped;
- bytes after the end of an answer: they are nobody's, and the connection is not used again.
"""

import re
from enum import Enum, auto

import httptools

from triplepoint.upstreams.ports import Headers
from triplepoint.upstreams.transport.faults import FramingError

HEAD_LIMIT = 64 * 1024
"""Most bytes of status line and headers together, and of all informational answers before them."""
FIELD_LIMIT = 200
"""Most headers, and most trailers."""
FRAMING_LIMIT = 16 * 1024
"""Most bytes of chunk extensions and trailers …"""
FRAMING_SHARE = 256
"""… once so many are taken off for each piece of body."""

_NOTED = frozenset({b"content-length", b"transfer-encoding", b"content-encoding", b"keep-alive"})
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?\r\n")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_PREFIX = b"HTTP/1."
_LENGTH = re.compile(rb"[0-9]{1,18}")
_SECONDS = re.compile(rb"timeout=([0-9]{1,9})", re.IGNORECASE)


class _Framing(Enum):
    NONE = auto()
    LENGTH = auto()
    CHUNKED = auto()
    UNTIL_CLOSE = auto()


class AnswerReader:
    """Reads one answer after the other on one connection; `begin`, then `feed` until `is_ended`."""

    __slots__ = (
        "_codings", "_framing", "_framing_bytes", "_head", "_head_seen", "_is_complete", "_lengths", "_method",
        "_parser", "_rest", "_tail", "_trailer_bytes", "_trailers", "body", "encodings", "has_surplus", "headers",
        "is_ended", "is_headed", "keep_alive", "keep_alive_s", "length", "status",
    )  # fmt: skip

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.begin(b"GET")

    @property
    def has_body(self) -> bool:
        """Whether the answer may have a body at all; once `is_headed`."""
        return self._framing is not _Framing.NONE

    def begin(self, method: bytes) -> None:
        """Expect the answer to a request of that method."""
        self._method = method
        self._head: bytearray | None = None
        self._head_seen = 0
        self._reset_head()
        self.is_headed = False
        """The head is read: status, headers, length and encodings stand."""
        self.is_ended = False
        """The answer is whole by its own framing."""
        self.has_surplus = False
        """Bytes came after its end."""
        self.keep_alive = False
        """Both sides may go on using the connection, as far as the answer's head says."""
        self.body: list[bytes] = []
        """Pieces of the body read since the list was last taken; the taker puts a new one."""
        self._framing = _Framing.NONE
        self._framing_bytes = 0
        self._tail = b""
        self._trailers = 0
        self._trailer_bytes = 0

    def _reset_head(self) -> None:
        self.status = 0
        self.headers: Headers = []
        self.length: int | None = None
        """Bytes of the body, where the head says so."""
        self.encodings: list[bytes] = []
        """Values of ``content-encoding``."""
        self.keep_alive_s: int | None = None
        """For how long the server says that it keeps the connection."""
        self._lengths: list[bytes] = []
        self._codings: list[bytes] = []
        self._is_complete = False
        self._rest = 0

    def feed(self, data: bytes) -> None:
        """Read the next bytes.

        Raises: FramingError: they are no answer that we accept; what `body` holds came before and is sound.
        """
        if not self.is_headed:
            data = self._feed_head(data)
        if not data:
            return
        if self.is_ended:
            self.has_surplus = True
        elif self._framing is _Framing.LENGTH:
            self._feed_length(data)
        elif self._framing is _Framing.CHUNKED:
            self._feed_chunked(data)
        else:
            self._parse(data)

    def eof(self) -> bool:
        """Learn that the server closed; return whether that is the answer's proper end."""
        if self.is_headed and self._framing is _Framing.UNTIL_CLOSE:
            self.is_ended = True
        return self.is_ended

    # ── The head ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _feed_head(self, data: bytes) -> bytes:
        """Take whole heads off the bytes; return what follows the last one."""
        while data:
            if self._head is None:
                end = data.find(b"\r\n\r\n")
            else:  # only the new bytes and the three before them can hold the empty line
                known = len(self._head)
                self._head += data
                end = self._head.find(b"\r\n\r\n", max(known - 3, 0))
            if end < 0:
                self._keep_partial_head(data)
                return b""
            if self._head is not None:
                data, self._head = bytes(self._head), None
            end += 4
            self._read_head(data[:end])
            data = data[end:]
            if self.is_headed:
                break
        return data

    def _keep_partial_head(self, data: bytes) -> None:
        if self._head is None:
            self._head = bytearray(data)
        if _BARE_LF.search(self._head, max(len(self._head) - len(data) - 1, 0)) is not None:
            raise FramingError("the head of the answer has a line that ends in LF alone")  # its end would never be found
        if not (self._head.startswith(_PREFIX) or _PREFIX.startswith(self._head)):
            raise FramingError("the answer does not begin with an HTTP/1 status line")
        if self._head_seen + len(self._head) > HEAD_LIMIT:
            raise FramingError(f"the head of the answer is longer than {HEAD_LIMIT} bytes")

    def _read_head(self, head: bytes) -> None:
        self._head_seen += len(head)
        line = _STATUS_LINE.match(head)
        if line is None:
            raise FramingError("the answer does not begin with an HTTP/1 status line")
        if self._head_seen > HEAD_LIMIT:
            raise FramingError(f"the head of the answer is longer than {HEAD_LIMIT} bytes")
        if head.count(b"\r\n") - 2 > FIELD_LIMIT:
            raise FramingError(f"the answer has more than {FIELD_LIMIT} headers")
        self.status = int(line[2])
        if self.status == 101:
            raise FramingError("the upstream switched protocols, which nobody asked for")
        self._parse(head)
        lengths = self._lengths
        if (
            self.status == 200
            and len(lengths) == 1
            and not self._codings
            and self._method == b"POST"
            and _LENGTH.fullmatch(lengths[0]) is not None
        ):  # the usual answer
            self.length = self._rest = int(lengths[0])
            self._framing = _Framing.LENGTH
            self.is_ended = self._rest == 0
            self.is_headed = True
        else:
            self._settle_framing(is_old=line[1] == b"0")

    def _settle_framing(self, *, is_old: bool) -> None:
        """Decide where the body ends; RFC 9112, section 6.3, without its leniency."""
        self._check_framing(is_old=is_old)
        if self.status < 200:
            if is_old or self._lengths or self._codings:
                raise FramingError("an informational answer that is of HTTP/1.0 or has a length")
            self._parser = httptools.HttpResponseParser(self)
            self._reset_head()
            return
        if self._method == b"HEAD" or self.status in {204, 304}:
            self._parser = httptools.HttpResponseParser(self)  # it may wait for a body that never comes
            self.is_ended = True
        elif self._codings:
            self._framing = _Framing.CHUNKED
        elif self.length is not None:
            self._framing = _Framing.LENGTH
            self._rest = self.length
            self.is_ended = self.length == 0
        else:
            self._framing = _Framing.UNTIL_CLOSE
            self.keep_alive = False
        self.is_headed = True

    def _check_framing(self, *, is_old: bool) -> None:
        if self._codings:
            if self._lengths:
                raise FramingError("the answer gives both content-length and transfer-encoding")
            if is_old:
                raise FramingError("an HTTP/1.0 answer with transfer-encoding")
            if len(self._codings) > 1 or self._codings[0].lower() != b"chunked":
                raise FramingError("the answer has a transfer-encoding other than chunked")
        elif self._lengths:
            if len(self._lengths) > 1 or _LENGTH.fullmatch(self._lengths[0]) is None:
                raise FramingError("the answer's content-length is not one number")
            self.length = int(self._lengths[0])

    # ── The body ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _feed_length(self, data: bytes) -> None:
        if len(data) > self._rest:
            data = data[: self._rest]
            self.has_surplus = True
        self._rest -= len(data)
        self._parse(data)
        self.is_ended = self._rest == 0

    def _feed_chunked(self, data: bytes) -> None:
        known = len(self.body)
        try:
            self._parse(data)
        except FramingError:
            if not self._is_complete:
                raise
            self.has_surplus = True  # llhttp objects to what follows an answer that is whole
        if self._is_complete:
            self.is_ended = True
            self._look_behind(data)
            return
        self._tail = (self._tail + data)[-8:] if len(data) < 8 else data[-8:]
        pieces = self.body[known:]
        framing = len(data) - sum(map(len, pieces)) - FRAMING_SHARE * len(pieces)
        self._framing_bytes = max(0, self._framing_bytes + framing)
        if self._framing_bytes > FRAMING_LIMIT:
            raise FramingError("more chunk extensions or trailers than anybody needs")

    def _look_behind(self, data: bytes) -> None:
        """Find line ends after the last chunk, which llhttp skips: the end proper is one empty line, after something else."""
        tail = (self._tail + data)[-8:] if len(data) < 8 else data[-8:]
        if not tail.endswith(b"\r\n\r\n") or tail[-5:-4] in {b"\r", b"\n"}:
            self.has_surplus = True

    # ── What llhttp calls ─────────────────────────────────────────────────────────────────────────────────────────────

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, FramingError):
                raise error.__context__ from None
            raise FramingError(str(error)) from error

    def on_message_begin(self) -> None:
        """Notice a second answer behind a whole one."""
        if self._is_complete:
            self.has_surplus = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header or a trailer."""
        if self.has_surplus:
            return
        if self.is_headed:
            self._on_trailer(len(name) + len(value))
            return
        name = name.lower()
        value = value.rstrip(b" \t")
        self.headers.append((name, value))
        if name in _NOTED:
            self._note(name, value)

    def _note(self, name: bytes, value: bytes) -> None:
        if name == b"content-length":
            self._lengths.append(value)
        elif name == b"transfer-encoding":
            self._codings.append(value)
        elif name == b"content-encoding":
            self.encodings.append(value)
        elif (seconds := _SECONDS.search(value)) is not None:
            self.keep_alive_s = int(seconds[1])

    def _on_trailer(self, size: int) -> None:
        self._trailers += 1
        self._trailer_bytes += size
        if self._trailers > FIELD_LIMIT or self._trailer_bytes > FRAMING_LIMIT:
            raise FramingError(f"more than {FIELD_LIMIT} trailers, or {FRAMING_LIMIT} bytes of them")

    def on_headers_complete(self) -> None:
        """Ask llhttp about the connection now: after an empty body it has forgotten."""
        self.keep_alive = self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        if not self.has_surplus or self._framing is _Framing.LENGTH:
            self.body.append(body)

    def on_message_complete(self) -> None:
        """Learn where llhttp sees the end."""
        self._is_complete = True
