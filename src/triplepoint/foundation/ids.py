"""Identifiers: what they name is in the type, when they were made is in the order.

An id reads ``rcpt_01jd3k7p9q…``: a prefix for people, then Crockford base 32 of 48 bits of Unix
milliseconds, 22 bits of counter and 60 random bits of the process. Ids of one process sort in the order in which
they were made, also when the wall clock steps back; ids of two processes differ by the random bits.
"""

import secrets
from collections.abc import Callable
from typing import NewType

CustomerId = NewType("CustomerId", str)
KeyId = NewType("KeyId", str)
OperatorId = NewType("OperatorId", str)
ReceiptId = NewType("ReceiptId", str)
NewId = Callable[[str], str]
"""Makes an id for a prefix; handed in as an argument so that tests can count instead."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]


def _base32(value: int) -> str:
    """Write 70 bits in 14 characters."""
    return (
        _PAIRS[value >> 60 & 1023]
        + _PAIRS[value >> 50 & 1023]
        + _PAIRS[value >> 40 & 1023]
        + _PAIRS[value >> 30 & 1023]
        + _PAIRS[value >> 20 & 1023]
        + _PAIRS[value >> 10 & 1023]
        + _PAIRS[value & 1023]
    )


class IdFactory:
    """Makes ids that sort by the time of their making; not thread-safe, one for each event loop."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._last_ms = 0
        self._count = 0
        self._begun = ""
        """The first 10 characters of an id of this millisecond, while its count has no more than 20 bits."""
        self._tail = _base32(secrets.randbits(60))[2:]

    def __call__(self, prefix: str) -> str:
        """Make an id."""
        ms = self._now_us() // 1000
        if ms > self._last_ms:
            self._last_ms, self._count = ms, 0
            self._begun = _base32(ms << 22)[:10]
        else:  # the same millisecond, or a wall clock that stepped back
            self._count += 1
            if self._count >> 22:
                self._last_ms, self._count = self._last_ms + 1, 0
                self._begun = _base32(self._last_ms << 22)[:10]
        if not self._count >> 20:
            return f"{prefix}_{self._begun}{_PAIRS[self._count >> 10]}{_PAIRS[self._count & 1023]}{self._tail}"
        return f"{prefix}_{_base32((self._last_ms << 22) | self._count)}{self._tail}"
