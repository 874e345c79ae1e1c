"""How long a model at an upstream has lately let its callers wait: to the first byte, and for each token of output.

Exponentially weighted means, so a slow hour is forgotten after some twenty answers; and nothing is said of a model that nobody
has asked for a while, for a router that believed an old hour would never ask it again.
"""

from typing import Final

WEIGHT: Final = 0.1
"""Of the newest answer."""
FRESH_S: Final = 600.0
"""How long what was measured holds."""


class Waits:
    """What was measured of one model at one upstream."""

    __slots__ = ("_first_byte_s", "_noted_s", "_token_s")

    def __init__(self) -> None:
        self._first_byte_s: float | None = None
        self._token_s: float | None = None
        self._noted_s = 0.0

    def note(self, *, first_byte_us: int | None, total_us: int, output_tokens: int | None, now_s: float) -> None:
        """Take in an answer that is whole.

        Args:
            first_byte_us: From sending to the first byte of a stream; None for an answer in one piece, whose first byte is
                as late as its last: its tokens are given what was not waited for other first bytes.
            total_us: From sending to the end.
            output_tokens: As counted; None, or none of them: nothing is learnt of the pace.
            now_s: Steady clock.
        """
        if first_byte_us is not None:
            self._first_byte_s = _moved(self._first_byte_s, first_byte_us / 1e6)
        if output_tokens:
            before_s = self._first_byte_s or 0.0 if first_byte_us is None else first_byte_us / 1e6
            self._token_s = _moved(self._token_s, max(0.0, total_us / 1e6 - before_s) / output_tokens)
        self._noted_s = now_s

    def known(self, now_s: float) -> tuple[float, float] | None:
        """Return seconds to the first byte and seconds for each token of output; None: not known, or not any more."""
        if self._token_s is None or now_s - self._noted_s > FRESH_S:
            return None
        return self._first_byte_s or 0.0, self._token_s


def _moved(mean: float | None, newest: float) -> float:
    return newest if mean is None else mean + WEIGHT * (newest - mean)
