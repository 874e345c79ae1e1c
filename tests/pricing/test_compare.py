"""Two books held against each other: every seeded contradiction is found, nothing else is."""

import random
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pricing.rows import rows_of, with_fields

from triplepoint.configuration.load import load_book
from triplepoint.files.seed import seed_folder
from triplepoint.pricing.book import PriceBook
from triplepoint.pricing.compare import compare, contrast
from triplepoint.pricing.model import PriceRow
from triplepoint.pricing.price import compile_price

TODAY = date(2026, 11, 20)
SEED = load_book(seed_folder())


def _dearer(name: str) -> Callable[[PriceRow], PriceRow]:
    return lambda row: with_fields(row, {name: str((getattr(row, name) or Decimal(0)) + Decimal("0.01"))})


def _other_start(row: PriceRow) -> PriceRow:
    tier = row.tiers[0].model_dump(exclude_none=True)
    start = row.tiers[0].start
    return with_fields(row, {"tiers": [{**tier, "above_input_tokens": start + 1}]})


def _dearer_batch(row: PriceRow) -> PriceRow:
    batch = row.service_tiers["batch"].model_dump(exclude_none=True)
    return with_fields(row, {"service_tiers": {"batch": {**batch, "output_usd_per_mtok": "77"}}})


SEEDED: dict[str, tuple[Callable[[PriceRow], PriceRow], str]] = {
    "openai/gpt-4o": (_dearer("input_usd_per_mtok"), "input"),
    "openai/gpt-4o-mini": (_dearer("output_usd_per_mtok"), "output"),
    "openai/o3": (_dearer("cache_read_usd_per_mtok"), "cache_read"),
    "anthropic/claude-opus-5": (_dearer("cache_write_1h_usd_per_mtok"), "cache_write_1h"),
    "anthropic/claude-haiku-5-5": (_other_start, "input from 100001 input tokens"),
    "openai/gpt-5.4": (_dearer_batch, "batch output"),
    "google/gemini-2.5-flash": (_dearer("input_audio_usd_per_mtok"), "input_audio"),
    "anthropic/claude-sonnet-5": (_dearer("usd_per_web_search"), "web_search"),
}


def test_all_seeded_differences_are_found_and_no_others():
    """Of about a hundred models in both books eight differ, each in another way: those eight are reported, and no other."""
    common = [row for row in rows_of(SEED, TODAY) if row.model.split("/")[0] in {"openai", "anthropic", "x-ai", "mistral"}]
    common = random.Random(7).sample(common, 94)
    common = [row for row in common if row.model not in SEEDED]
    planted = [price.row for model in SEEDED if (price := SEED.price(model, TODAY)) is not None]
    assert len(planted) == 8
    other = PriceBook.of([*common, *(SEEDED[row.model][0](row) for row in planted)])
    found = compare(SEED, other, TODAY)
    assert found.compared == len(common) + 8
    assert {one.model for one in found.disagreements} == set(SEEDED)
    for one in found.disagreements:
        assert SEEDED[one.model][1] in {difference.what for difference in one.differences}
    assert found.only_new == ()


def test_a_book_does_not_contradict_itself():
    """The shipped book held against itself has nothing to report, on any day."""
    found = compare(SEED, SEED)
    assert (found.disagreements, found.missing, found.only_old, found.only_new) == ((), {}, (), ())
    assert found.compared == len(list(SEED.models()))


def row(**fields: Any) -> PriceRow:
    """Make a row of a/b."""
    return PriceRow.model_validate({"model": "a/b", "since": "2026-01-01", "input_usd_per_mtok": "1", **fields})


def whats(old: PriceRow, new: PriceRow) -> list[str]:
    """Name what differs between two rows."""
    return [difference.what for difference in contrast(compile_price(old), compile_price(new)).differences]


def test_a_boundary_is_compared_by_what_it_charges():
    """``from 100`` and ``above 99`` are one rule; ``above 100`` differs from them for requests of exactly 100 tokens."""
    ways = [{"from_input_tokens": 100}, {"above_input_tokens": 99}, {"above_input_tokens": 100}]
    at, same, later = (row(tiers=[{**way, "input_usd_per_mtok": "2"}]) for way in ways)
    assert whats(at, same) == []
    assert whats(at, later) == ["input from 100 input tokens"]
    assert whats(row(), at) == ["input from 100 input tokens"]


def test_hours_are_compared_through_the_week():
    """The same price at other hours or on other days differs, also where only one book has hours."""
    night = {"from_utc": "22:00", "to_utc": "02:00", "input_usd_per_mtok": "0.5"}
    weekend = {**night, "days": ["sat", "sun"]}
    assert whats(row(hours=[night]), row(hours=[night])) == []
    assert whats(row(), row(hours=[night])) == ["input from mon 00:00 UTC", "input from mon 22:00 UTC"]
    assert whats(row(hours=[weekend]), row(hours=[night])) == ["input from mon 00:00 UTC", "input from mon 22:00 UTC"]


def test_what_one_book_leaves_unsaid_is_no_contradiction():
    """A cached rate, a fee or a service tier that only one states is listed as missing."""
    more = row(cache_read_usd_per_mtok="0.5", usd_per_web_search="0.01", service_tiers={"batch": {}})
    found = contrast(compile_price(row()), compile_price(more))
    assert found.differences == ()
    assert set(found.missing) == {"cache_read", "web_search", "service tier batch"}


def test_days_of_one_difference_are_told_as_one_stretch():
    """A difference is reported with its first and last day, through rows that both books begin anew in between."""
    old = PriceBook.of(
        [row(), row(since="2026-03-01", input_usd_per_mtok="2"), row(since="2026-05-01", input_usd_per_mtok="3")]
    )
    new = PriceBook.of(
        [
            row(since="2026-02-01", input_usd_per_mtok="2"),
            row(since="2026-03-01", input_usd_per_mtok="4", output_usd_per_mtok="1"),
            row(since="2026-04-01", input_usd_per_mtok="4"),
            row(since="2026-05-01", input_usd_per_mtok="3"),
        ]
    )
    told = [(one.since.isoformat(), str(one.until), str(one.differences[0])) for one in compare(old, new).disagreements]
    assert told == [
        ("2026-02-01", "2026-02-28", "input 1 → 2 (+100.0%)"),
        ("2026-03-01", "2026-04-30", "input 2 → 4 (+100.0%)"),
    ]


RATE = st.integers(0, 3).map(str)
FIELDS = st.fixed_dictionaries(
    {"input_usd_per_mtok": RATE},
    optional={
        "output_usd_per_mtok": RATE,
        "cache_read_usd_per_mtok": RATE,
        "tiers": st.integers(1, 3).map(lambda start: [{"above_input_tokens": start, "input_usd_per_mtok": "7"}]),
    },
)


@given(FIELDS, FIELDS)
@settings(max_examples=200)
def test_a_difference_is_found_either_way_round(ours: dict[str, Any], theirs: dict[str, Any]):
    """Swapping the books swaps old and new, and reports the same numbers."""
    forth = contrast(compile_price(row(**ours)), compile_price(row(**theirs)))
    back = contrast(compile_price(row(**theirs)), compile_price(row(**ours)))
    assert [(one.what, one.old, one.new) for one in forth.differences] == [
        (one.what, one.new, one.old) for one in back.differences
    ]
    assert set(forth.missing) == set(back.missing)
    assert (forth.differences == ()) or ours != theirs


@pytest.mark.parametrize(("old", "new", "percent"), [("2", "3", "+50.0"), ("3", "2", "-33.3"), ("0", "1", None)])
def test_a_change_is_told_in_percent(old: str, new: str, percent: str | None):
    """Percent are of the old number; of nothing there are none."""
    (found,) = contrast(compile_price(row(input_usd_per_mtok=old)), compile_price(row(input_usd_per_mtok=new))).differences
    assert found.percent == percent
