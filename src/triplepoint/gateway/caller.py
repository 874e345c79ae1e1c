"""Finds out who calls: the key is looked up whole, by its HMAC, and nothing else identifies a customer."""

from collections.abc import Callable, Mapping

from triplepoint.foundation.errors import NotAuthenticated
from triplepoint.gateway.snapshot import KeyGrant

_BEARER = (b"Bearer ", b"bearer ")
"""How nearly all write it."""
_PLACES = (b"x-api-key", b"api-key")
"""Where Anthropic's and Azure's clients put a key; OpenAI's put it into ``authorization``."""


def authenticate(
    headers: Mapping[bytes, bytes], keys: Mapping[bytes, KeyGrant], digest: Callable[[bytes], bytes], now_us: int
) -> KeyGrant:
    """Return what the caller's key opens.

    Args:
        headers: Of the request, names in lower case.
        keys: Live keys by digest.
        digest: What a key is looked up by (`access.keys.Digester`).
        now_us: Wall clock.
    Raises: NotAuthenticated: in the same words, whether the key is missing, unknown, revoked or expired.
    """
    authorization = headers.get(b"authorization")
    if authorization is not None and authorization[:7] in _BEARER:  # noqa: SIM108 - it would be a line too long
        key = authorization[7:].strip()
    else:
        key = _presented(headers)
    if key:
        grant = keys.get(digest(key))
        if grant is not None and (grant.expires_us is None or now_us < grant.expires_us):
            return grant
    raise NotAuthenticated("Give a valid key: Authorization: Bearer tp-… (or x-api-key).")


def _presented(headers: Mapping[bytes, bytes]) -> bytes:
    authorization = headers.get(b"authorization")
    if authorization is not None and authorization[:7].lower() == b"bearer ":
        return authorization[7:].strip()
    for place in _PLACES:
        if (key := headers.get(place)) is not None:
            return key.strip()
    return b""
