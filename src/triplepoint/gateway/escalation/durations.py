"""How long models take until an answer can be given, by what they took lately."""

from typing import Final

_NEW: Final = 0.2
"""Weight of the newest duration in the mean."""


class Durations:
    """Exponentially weighted means, by model and by whether the answer is a stream, whose first event counts."""

    def __init__(self) -> None:
        self._means: dict[tuple[str, bool], float] = {}

    def note(self, model: str, seconds: float, *, stream: bool) -> None:
        """Take in how long a model took."""
        place = (model, stream)
        mean = self._means.get(place)
        self._means[place] = seconds if mean is None else mean + _NEW * (seconds - mean)

    def expected_s(self, model: str, *, stream: bool) -> float | None:
        """Return how long a model is expected to take; None where it was never seen."""
        return self._means.get((model, stream))
