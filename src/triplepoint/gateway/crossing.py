"""Which headers cross the gateway: from the caller to an upstream, and back.

Headers and body fields of a dialect are open lists to its vendor, so what belongs to the dialect passes. What names an account
does not: the caller is known by its key with us, and an upstream's organisation and project are the operator's to set
(``headers`` in ``triplepoint.yaml``). Everything else of a request ends here.

One header is ours: it counts the gateways that a request has passed, so that two which name each other as upstream do not send
it round for ever.
"""

from collections.abc import Mapping

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.gateway.wire import HeaderList
from triplepoint.upstreams.dialects.model import Dialect

HOPS = b"x-triplepoint-hops"
MAX_HOPS = 4
"""Gateways in a row; no sane arrangement has more."""

_LONGEST = 1000
"""Characters of a text in a header."""
_TO_UPSTREAM = (b"anthropic-version", b"anthropic-beta", b"openai-beta")
_ANY_TO_UPSTREAM = frozenset(_TO_UPSTREAM)
FIRST_HOP: tuple[bytes, bytes] = (HOPS, b"1")
_PLAN_USE = b"anthropic-ratelimit-unified-"
"""Family of headers by which Anthropic's clients show how much of a plan is used; each upstream names its own windows."""


def forwarded(incoming: Mapping[bytes, bytes]) -> HeaderList:
    """Return the headers of a request that an upstream of the same dialect gets to see."""
    if _ANY_TO_UPSTREAM.isdisjoint(incoming):
        return []
    return [(name, incoming[name]) for name in _TO_UPSTREAM if name in incoming]


def next_hop(incoming: Mapping[bytes, bytes]) -> tuple[bytes, bytes]:
    """Return the header that counts one gateway more.

    Raises: RequestInvalid: it has passed too many, or the header is no count.
    """
    given = incoming.get(HOPS)
    if given is None:
        return FIRST_HOP
    if not (given.isdigit() and len(given) < 5):
        raise RequestInvalid("A count is expected; leave this header to gateways.", param=HOPS.decode(), code="request_loop")
    hops = int(given)
    if hops > MAX_HOPS:
        raise RequestInvalid(
            f"The request has passed {hops} gateways: some of them name each other as upstream; correct their base_url.",
            param=HOPS.decode(),
            code="request_loop",
        )
    return (HOPS, b"%d" % (hops + 1))


def told(text: str) -> bytes:
    """Return a text as a header's value: what is not printable ASCII, a line break above all, becomes a question mark."""
    shown = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
    return "".join(character if " " <= character <= "~" else "?" for character in shown).encode()


def passed_back(headers: HeaderList, dialect: Dialect) -> HeaderList:
    """Return the headers of an upstream's answer that a caller of the same dialect gets to see."""
    if dialect is not Dialect.MESSAGES:
        return [header for header in headers if header[0] == b"openai-processing-ms"]
    return [header for header in headers if header[0].startswith(_PLAN_USE)]
