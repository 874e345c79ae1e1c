"""What is said of energy: a spread, what one token takes, and how well it is known."""

from dataclasses import dataclass
from enum import StrEnum

from triplepoint.foundation.usage import Usage

_NANO = 1e9
_DIGITS = 6


class Grade(StrEnum):
    """How an amount of energy is known."""

    MEASURED = "measured"
    """A counter of ours, shared out among the requests of its window."""
    TABLED = "tabled"
    """This model was measured on this accelerator by a public benchmark."""
    MODELLED = "modelled"
    """Worked out from what is known of model and machine."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A median and the interval that should hold the truth nine times in ten."""

    low: float
    median: float
    high: float

    def __add__(self, other: "Spread") -> "Spread":
        """Add quantile to quantile: exact where both err together, and never too narrow where they err apart."""
        return Spread(self.low + other.low, self.median + other.median, self.high + other.high)

    def times(self, factor: float) -> "Spread":
        """Multiply by a known factor, at least 0."""
        return Spread(self.low * factor, self.median * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class PerToken:
    """What one token takes, by its kind."""

    input: Spread
    """Read afresh."""
    cached: Spread
    """Read from the upstream's prompt cache."""
    output: Spread

    def of(self, usage: Usage) -> Spread | None:
        """Work out what a usage takes; None where a count is unknown, or pictures or sound were made."""
        counts = _counts(usage)
        if counts is None:
            return None
        fresh, cached, output = counts
        return Spread(
            fresh * self.input.low + cached * self.cached.low + output * self.output.low,
            fresh * self.input.median + cached * self.cached.median + output * self.output.median,
            fresh * self.input.high + cached * self.cached.high + output * self.output.high,
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """What a model at an upstream takes, ready to be multiplied by tokens."""

    grade: Grade
    wh: PerToken
    """Watt-hours for a token, with host, idle share and data centre."""
    g: PerToken
    """gCO₂e for a token, location-based."""
    overhead: Spread
    """Energy of the whole for each unit that the accelerators take."""
    g_per_wh: Spread
    """Carbon of the grid."""

    def energy_nwh(self, usage: Usage) -> int | None:
        """Return the median in billionths of a watt-hour, the same as stands on the receipt; None where it is unknown."""
        counts = _counts(usage)
        return None if counts is None else self._nwh(*counts)

    def worst_energy_nwh(self, input_tokens: int, max_output_tokens: int) -> int:
        """Return the most that `energy_nwh` can say of a request: nothing is cached and the answer is as long as it may be.

        Args:
            input_tokens: Most tokens of the prompt, at least 0.
            max_output_tokens: Most tokens of the answer, at least 0.
        """
        return self._nwh(input_tokens, 0, max_output_tokens)

    def _nwh(self, fresh: int, cached: int, output: int) -> int:
        wh = fresh * self.wh.input.median + cached * self.wh.cached.median + output * self.wh.output.median
        return to_nano(wh)


def to_nano(amount: float) -> int:
    """Return an amount in billionths, rounded to six digits that count: what receipts show and quotas add up.

    More is never rounded to less, so that a worst case stays one.
    """
    units = round(amount * _NANO)
    surplus = len(str(units)) - _DIGITS
    return round(units, -surplus) if surplus > 0 else units


def _counts(usage: Usage) -> tuple[int, int, int] | None:
    """Return the tokens read afresh, read from cache and written."""
    if usage.input_tokens is None or usage.output_tokens is None or usage.images or usage.output_audio_tokens:
        return None
    cached = min(usage.cache_read_tokens, usage.input_tokens)
    return usage.input_tokens - cached, cached, usage.output_tokens
