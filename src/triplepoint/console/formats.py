"""Numbers and moments as people read them. What is unknown is a question mark, never a zero. All times are UTC."""

import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from triplepoint.foundation.money import money_text
from triplepoint.foundation.usage import Usage, UsageSource

UNKNOWN = "?"
NOTHING = "–"
"""Where there is nothing to measure yet."""

_LEAST_SHOWN = Decimal("0.000001")
_ABOUT = {UsageSource.ESTIMATED, UsageSource.INTERRUPTED}


def clock_text(at_us: int) -> str:
    """Write the time of day: ``22:03:04``."""
    return f"{_moment(at_us):%H:%M:%S}"


def hour_text(at_us: int) -> str:
    """Write the time of day without seconds: ``22:03``."""
    return f"{_moment(at_us):%H:%M}"


def stamp_text(at_us: int) -> str:
    """Write a moment: ``2026-11-21 22:03:04.123 UTC``."""
    moment = _moment(at_us)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d} UTC"


def span_text(duration_us: int | None) -> str:
    """Write a duration with three digits: ``840 µs``, ``12.4 ms``, ``1.23 s``, ``2 min 03 s``."""
    if duration_us is None:
        return UNKNOWN
    if duration_us < 1_000:
        return f"{duration_us} µs"
    if duration_us < 999_500:
        return f"{_three_digits(duration_us / 1e3)} ms"
    if duration_us < 99_500_000:
        return f"{_three_digits(duration_us / 1e6)} s"
    minutes, seconds = divmod(round(duration_us / 1e6), 60)
    return f"{minutes} min {seconds:02d} s"


def age_text(seconds: float) -> str:
    """Write how long something has been so, roughly: ``42 s``, ``7 min``, ``3 h``, ``12 days``."""
    for limit, unit, text in ((90, 1, "s"), (5400, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{max(int(seconds // unit), 0)} {text}"
    return f"{int(seconds // 86_400)} days"


def price_text(cost_usd: str | None) -> str:
    """Write the price of an attempt to a millionth of a dollar; the receipt has it exactly."""
    if cost_usd is None:
        return f"${UNKNOWN}"
    cost = Decimal(cost_usd)
    if 0 < cost < _LEAST_SHOWN:
        return f"<${_LEAST_SHOWN}"
    return f"${cost.quantize(_LEAST_SHOWN, ROUND_HALF_EVEN)}"


def sum_text(cost: Decimal) -> str:
    """Write a sum of money: cents from a dollar on, below it three digits that count."""
    if cost == 0:
        return "$0"
    if cost >= 1:
        return f"${cost.quantize(Decimal('0.01'), ROUND_HALF_EVEN):,}"
    return f"${money_text(cost.quantize(Decimal(1).scaleb(cost.adjusted() - 2), ROUND_HALF_EVEN))}"


def exact_text(cost_usd: str | None) -> str:
    """Write a price with all its digits."""
    return "unknown" if cost_usd is None else f"${cost_usd}"


def count_text(count: int | None) -> str:
    """Write a count: ``12,345``."""
    return UNKNOWN if count is None else f"{count:,}"


def tokens_text(usage: Usage) -> str:
    """Write input and output tokens: ``412 + 48``; ``~`` before an estimate."""
    about = "~" if usage.source in _ABOUT else ""
    return f"{about}{count_text(usage.input_tokens)} + {count_text(usage.output_tokens)}"


def share_text(part: int, whole: int) -> str:
    """Write a share as per cent; a whole of nothing has none."""
    if whole == 0:
        return NOTHING
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "<0.1 %"
    if 99.9 < share < 100:
        return ">99.9 %"
    return f"{share:.1f} %" if share < 10 and part else f"{share:.0f} %"


def rate_text(per_second: float) -> str:
    """Write a rate: ``0.42``, ``12.4``, ``1,240``."""
    return f"{per_second:,.0f}" if per_second >= 99.5 else _three_digits(per_second)


def _three_digits(value: float) -> str:
    if value >= 99.5:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 9.95 else f"{value:.2f}"


def _moment(at_us: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at_us // 1_000_000, tz=datetime.UTC).replace(microsecond=at_us % 1_000_000)
