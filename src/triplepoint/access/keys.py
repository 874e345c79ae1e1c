"""How keys are made and recognised. Pure but for the randomness, which is the operating system's.

A key is a prefix and 43 characters of base 62, which is 256 bits: too many to guess, so a fast keyed hash is enough to keep
it, and one dictionary look-up by that hash is all that the gateway does with it. The prefix lets people and secret scanners
tell what it is: ``tp-`` opens models for a customer, ``tpo-`` the control plane for an operator.
"""

import hashlib
import hmac
import re
import secrets
import string

from triplepoint.foundation.secret import Secret

CUSTOMER_PREFIX = "tp-"
OPERATOR_PREFIX = "tpo-"

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_CHARACTERS = 43  # 62^43 > 2^256
_BLOCK_BYTES = hashlib.sha256().block_size
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))
"""HMAC's two paddings, as tables for `bytes.translate`."""
_DISPLAYED = 8
_WHOLE_KEY = re.compile(rf"tpo?-[0-9A-Za-z]{{{_RANDOM_CHARACTERS}}}")


def make_key(prefix: str = CUSTOMER_PREFIX) -> Secret:
    """Make a new key."""
    return Secret(prefix + "".join(secrets.choice(_BASE62) for _ in range(_RANDOM_CHARACTERS)))


def digest(secret: bytes, credential: str) -> bytes:
    """Hash a key or a session id under the installation's secret.

    Args:
        secret: The installation's, at least 32 bytes.
        credential: The whole text, as the caller sent it.
    Returns: 32 bytes.
    """
    return hmac.digest(secret, credential.encode("utf-8", "surrogatepass"), hashlib.sha256)


class Digester:
    """`digest` for one secret and many keys: what depends on the secret alone is hashed once.

    Source: RFC 2104, section 2. The standard library's own object does the same through four Python functions, twice as slowly.

    Args:
        secret: The installation's.
    """

    def __init__(self, secret: bytes) -> None:
        block = (secret if len(secret) <= _BLOCK_BYTES else hashlib.sha256(secret).digest()).ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(block.translate(_INNER))
        self._outer = hashlib.sha256(block.translate(_OUTER))

    def __call__(self, credential: bytes) -> bytes:
        """Hash a key as it came over the wire."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(credential)
        outer.update(inner.digest())
        return outer.digest()


def display(key: Secret) -> str:
    """Return the first 8 characters, prefix included, for people to recognise a key by; that gives 30 of 256 bits away."""
    return key.reveal()[:_DISPLAYED]


def looks_like_key(text: str) -> bool:
    """Tell whether a text holds what could be a key of ours, so that none is kept as somebody's name."""
    return _WHOLE_KEY.search(text) is not None
