"""Numbers as people read them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.console import formats
from triplepoint.foundation.usage import Usage, UsageSource

AT_US = 1_795_300_984_123_456  # 2026-11-21 22:43:04.123456 UTC


def test_moments_are_in_utc() -> None:
    """A moment is written in UTC, whatever the machine's time zone."""
    assert formats.clock_text(AT_US) == "22:43:04"
    assert formats.hour_text(AT_US) == "22:43"
    assert formats.stamp_text(AT_US) == "2026-11-21 22:43:04.123 UTC"


@pytest.mark.parametrize(
    ("duration_us", "text"),
    [
        (None, "?"),
        (0, "0 µs"),
        (999, "999 µs"),
        (1_000, "1.00 ms"),
        (12_340, "12.3 ms"),
        (999_499, "999 ms"),
        (999_500, "1.00 s"),
        (9_960_000, "10.0 s"),
        (99_400_000, "99.4 s"),
        (99_600_000, "1 min 40 s"),
        (123_000_000, "2 min 03 s"),
    ],
)
def test_durations_have_three_digits(duration_us: int | None, text: str) -> None:
    """A duration keeps three digits and changes its unit before it would need a fourth."""
    assert formats.span_text(duration_us) == text


@given(st.integers(min_value=0, max_value=10**12))
def test_a_duration_is_short_whatever_it_is(duration_us: int) -> None:
    """No duration makes its column wider."""
    assert len(formats.span_text(duration_us)) <= 14


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (None, "$?"),
        ("0", "$0.000000"),
        ("0.0000004", "<$0.000001"),
        ("0.0000051708", "$0.000005"),
        ("1.5", "$1.500000"),
    ],
)
def test_a_price_is_never_rounded_to_nothing(cost: str | None, text: str) -> None:
    """An unknown price is a question mark, and what costs something never reads as zero."""
    assert formats.price_text(cost) == text


@pytest.mark.parametrize(
    ("cost", "text"), [("0", "$0"), ("0.00012345", "$0.000123"), ("0.9999", "$1"), ("1234.567", "$1,234.57"), ("0.05", "$0.05")]
)
def test_sums_show_what_counts(cost: str, text: str) -> None:
    """A sum has cents from a dollar on, and three digits that count below."""
    assert formats.sum_text(Decimal(cost)) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 0, "–"), (0, 9, "0 %"), (1, 10_000, "<0.1 %"), (9_999, 10_000, ">99.9 %"), (3, 200, "1.5 %"), (9, 9, "100 %")],
)
def test_a_share_never_hides_the_few(part: int, whole: int, text: str) -> None:
    """One failure among thousands is not 0 %, all but one are not 100 %, and of nothing there is no share."""
    assert formats.share_text(part, whole) == text


def test_estimates_and_unknowns_are_marked() -> None:
    """An estimate has a tilde, an unknown count a question mark."""
    assert formats.tokens_text(Usage(input_tokens=1412, output_tokens=48, source=UsageSource.REPORTED)) == "1,412 + 48"
    assert formats.tokens_text(Usage(input_tokens=40, source=UsageSource.INTERRUPTED)) == "~40 + ?"
    assert formats.tokens_text(Usage()) == "? + ?"


@pytest.mark.parametrize(("per_second", "text"), [(0.0, "0.00"), (0.423, "0.42"), (12.44, "12.4"), (1240.4, "1,240")])
def test_rates_keep_their_digits(per_second: float, text: str) -> None:
    """A rate has three digits, or all of its whole ones."""
    assert formats.rate_text(per_second) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(42.9, "42 s"), (600, "10 min"), (7300, "2 h"), (200_000, "2 days"), (-3, "0 s")]
)
def test_ages_are_rough(seconds: float, text: str) -> None:
    """An age has one unit; a clock that stepped back makes none that is negative."""
    assert formats.age_text(seconds) == text
