"""How long to wait before a process that died is started again."""

import random


class Backoff:
    """Doubles from the first pause to the longest, each drawn from the upper half of its span; a long life starts it anew.

    Args:
        first_s, longest_s: The spans of the first pause and of all late ones, in seconds.
        settled_s: A process that was well for so long has not failed because of its start.
        rng: Draws, so that the models of a machine do not all come back at once.
    """

    def __init__(self, *, first_s: float, longest_s: float, settled_s: float, rng: random.Random) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._settled_s = settled_s
        self._rng = rng
        self._span_s = first_s

    def next_s(self, *, well_s: float) -> float:
        """Return the pause after a process was well for some seconds and then died."""
        if well_s >= self._settled_s:
            self._span_s = self._first_s
        span_s = self._span_s
        self._span_s = min(self._longest_s, 2 * span_s)
        return span_s * self._rng.uniform(0.5, 1.0)
