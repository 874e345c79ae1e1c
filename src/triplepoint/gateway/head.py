"""What the head of a request may be: pure rules that the HTTP parser leaves open.

The parser refuses two lengths in one request, folded lines, bare line feeds and the other ways in which two readers of the same
bytes come to see different requests. What it lets pass is refused here: a head of any size, more than one ``host`` or none, a
transfer coding that nobody undoes, an upgrade that takes the body away.
Source: RFC 9112, sections 2.2, 3.2 and 6; RFC 6585, section 5 for 431.
"""

from collections.abc import Iterable

from triplepoint.foundation.errors import RequestInvalid

MAX_HEAD_BYTES = 64 * 1024
"""Of a request line and its headers; the parser keeps whatever comes."""


class HeadTooLarge(RequestInvalid):
    """Request line and headers are longer than any honest caller's."""

    status = 431
    code = "head_too_large"

    def __init__(self) -> None:
        super().__init__(f"The head of the request is larger than {MAX_HEAD_BYTES} bytes; send fewer or shorter headers.")


def fault_of_head(url: bytes, headers: Iterable[tuple[bytes, bytes]], *, version: str, upgrades: bool) -> RequestInvalid | None:
    """Say what is wrong with a whole head.

    Args:
        url: Of the request line, as sent.
        headers: Names in lower case.
        version: Of HTTP, such as ``1.1``.
        upgrades: The parser was asked for another protocol.
    Returns: The fault to tell the caller; None where the head is sound.
    """
    size, hosts = len(url), 0
    for name, value in headers:
        size += len(name) + len(value)
        if name == b"host":
            hosts += 1
        elif name == b"transfer-encoding" and value.lower() != b"chunked":
            return _invalid("Only the transfer coding 'chunked' is understood; compress with content-encoding.")
    if size > MAX_HEAD_BYTES:
        return HeadTooLarge()
    if hosts > 1 or (hosts == 0 and version == "1.1"):
        return _invalid("Exactly one host header is expected.")
    if upgrades:
        return _invalid("No other protocol is spoken here: send no Upgrade header (in Java: HttpClient.Version.HTTP_1_1).")
    return None


def not_http() -> RequestInvalid:
    """Return the fault of bytes that are no request."""
    return _invalid("This is not a request of HTTP/1.1 that can be read in one way only.")


def _invalid(message: str) -> RequestInvalid:
    return RequestInvalid(message, code="invalid_http")
