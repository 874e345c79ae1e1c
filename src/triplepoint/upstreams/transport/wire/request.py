"""The head of a request as bytes, and the refusal of everything that would make it mean something else.

The gateway passes some of its callers' headers on. A line end in a value would end the header and begin another one, or
another request: so the finished head is searched once for every control character, which costs less than looking at each
value. What the transport decides itself (host, length, connection) and what is meant for one hop only is refused as well,
for two opinions on the framing of one message are how requests are smuggled.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.upstreams.ports import Headers

_TOKEN = re.compile(rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_METHOD = re.compile(rb"[A-Z]+")
_TARGET = re.compile(rb"/[\x21-\x7e]*")
_OURS = frozenset({b"host", b"content-length", b"transfer-encoding", b"connection"})
_ONE_HOP = frozenset({b"expect", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade"})
_SENDS_BODY = frozenset({b"POST", b"PUT", b"PATCH"})
_PLAIN = bytes([9, *range(0x20, 0x7F), *range(0x80, 0x100)])
"""Every byte that may stand in a header's value."""


def encode_head(method: bytes, target: bytes, headers: Headers, *, host: bytes, body_length: int) -> bytes:
    """Write the request line and the headers, up to and with the empty line.

    Args:
        method, target: Request line; ``CONNECT`` is refused.
        headers: Sent as they are and in their order; ``accept-encoding: identity`` is added where none is given.
        host: Value of the ``Host`` header.
        body_length: Bytes of the body; a method that has a body by nature gets its ``content-length`` also for 0.
    Raises: RequestInvalid: something in it cannot be sent; ``param`` names the header, the value is not quoted.
    """
    begun = _begun(method, target, tuple(headers), host)
    if body_length or method in _SENDS_BODY:
        return b"%bcontent-length: %d\r\n\r\n" % (begun, body_length)
    return begun + b"\r\n"


@lru_cache(maxsize=256)
def _begun(method: bytes, target: bytes, headers: tuple[tuple[bytes, bytes], ...], host: bytes) -> bytes:
    """Write everything but the length, which alone differs from one request to the next of a kind."""
    lines = [_request_line(method, target), b"host: " + host]
    chooses_encoding = False
    for name, value in headers:
        if _is_accept_encoding(name):
            chooses_encoding = True
        lines.append(b"%b: %b" % (name, value))
    if not chooses_encoding:
        lines.append(b"accept-encoding: identity")
    head = b"\r\n".join((*lines, b""))
    if head.translate(None, _PLAIN) != b"\r\n" * len(lines):
        raise _control_character(headers)
    return head


@lru_cache(maxsize=256)
def _request_line(method: bytes, target: bytes) -> bytes:
    if _METHOD.fullmatch(method) is None or method == b"CONNECT":
        raise RequestInvalid("the method of a request to an upstream is a word in capitals, and not CONNECT", param="method")
    if _TARGET.fullmatch(target) is None:
        raise RequestInvalid(
            "the target of a request begins with '/' and is printable ASCII without spaces; percent-encode the rest",
            param="target",
        )
    return b"%b %b HTTP/1.1" % (method, target)


@lru_cache(maxsize=1024)
def _is_accept_encoding(name: bytes) -> bool:
    """Check a header's name; the few names in use are checked once."""
    if _TOKEN.fullmatch(name) is None:
        raise RequestInvalid("a header's name holds a character that HTTP does not allow there", param="headers")
    lower = name.lower()
    if lower in _OURS or lower in _ONE_HOP:
        text = lower.decode("ascii")
        raise RequestInvalid(f"the header {text} is the transport's own; leave it out", param=text)
    return lower == b"accept-encoding"


def _control_character(headers: Iterable[tuple[bytes, bytes]]) -> RequestInvalid:
    name = next(name for name, value in headers if value.translate(None, _PLAIN)).decode("ascii")
    return RequestInvalid(f"the header {name} holds a line end or another control character; remove it", param=name)
