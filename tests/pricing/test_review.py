"""A newer book before it is taken: what it adds, what it may not change."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from triplepoint.files.checked import Reading, check_text
from triplepoint.pricing.book import read_book
from triplepoint.pricing.model import PriceFile
from triplepoint.pricing.review import Change, Fate, review

FIRST = date(2026, 1, 1)


def price_file(name: str, collected: date, rows: list[tuple[str, date, int]]) -> Reading[PriceFile]:
    """Write and read a price file with rows of (model, since, input rate)."""
    lines = [f'  - {{model: {model}, since: {since}, input_usd_per_mtok: "{rate}"}}' for model, since, rate in rows]
    listed = "\n" + "\n".join(lines) if lines else " []"
    return check_text(f"source: test\ncollected: {collected}\nprices:{listed}\n", PriceFile, name=name)


def told(*rows: tuple[str, date, int]) -> Any:
    """Make a book collected on 2026-06-01."""
    book, problems = read_book([price_file("1", date(2026, 6, 1), list(rows))])
    assert problems == []
    return book


def changes(book: Any, collected: date, *rows: tuple[str, date, int]) -> tuple[Change, ...]:
    """Review a file."""
    content = price_file("2", collected, list(rows)).value
    assert content is not None
    return review(book, [content]).changes


def test_new_models_and_later_prices_are_added():
    """A model that the book lacks may begin on any day, a known one after all that is told; the change is told in percent."""
    book = told(("a/x", FIRST, 2))
    later, new = changes(book, date(2026, 7, 1), ("a/x", date(2026, 6, 2), 3), ("a/y", date(2020, 1, 1), 5))
    assert (later.fate, later.model, later.differences[0].percent) == (Fate.ADDED, "a/x", "+50.0")
    assert (new.fate, new.model, new.old) == (Fate.NEW_MODEL, "a/y", None)


def test_a_change_of_the_past_is_refused():
    """Another number for a day already told is refused, with old and new; so is a book collected no later than ours."""
    book = told(("a/x", FIRST, 2))
    (changed,) = changes(book, date(2026, 7, 1), ("a/x", FIRST, 3))
    assert (changed.fate, str(changed.differences[0])) == (Fate.REFUSED, "input 2 → 3 (+50.0%)")
    assert "is told already" in changed.why
    (between,) = changes(book, date(2026, 7, 1), ("a/x", date(2026, 5, 1), 3))
    assert (between.fate, "told up to 2026-06-01" in between.why) == (Fate.REFUSED, True)
    (older,) = changes(book, date(2026, 6, 1), ("a/x", date(2026, 9, 1), 3))
    assert (older.fate, "collected on 2026-06-01" in older.why) == (Fate.REFUSED, True)


def test_rows_that_are_there_already_are_the_same():
    """A newer issue of the same book says again what it said; that is no change."""
    book = told(("a/x", FIRST, 2), ("a/y", FIRST, 1))
    content = price_file("2", date(2026, 7, 1), [("a/y", FIRST, 1), ("a/x", FIRST, 2), ("a/x", date(2026, 6, 15), 1)]).value
    assert content is not None
    found = review(book, [content])
    assert (found.same, [change.fate for change in found.changes], found.is_acceptable) == (2, [Fate.ADDED], True)


DAYS = st.integers(0, 400).map(lambda days: FIRST + timedelta(days))
ROWS = st.lists(st.tuples(st.sampled_from(["a/x", "a/y"]), DAYS, st.integers(0, 9)), max_size=5, unique_by=lambda row: row[:2])


@given(ROWS, ROWS, DAYS, DAYS)
def test_what_is_acceptable_is_accepted(
    old: list[tuple[str, date, int]], new: list[tuple[str, date, int]], first: date, second: date
):
    """The review says yes exactly where putting the files together finds no problem and leaves every told day as it was."""
    before, _ = read_book([price_file("1", first, old)])
    newer = price_file("2", second, new)
    assert newer.value is not None
    found = review(before, [newer.value])
    after, problems = read_book([price_file("1", first, old), newer])
    if found.is_acceptable:
        assert problems == []
        for model in before.models():
            until = before.told_until(model)
            assert until is not None
            for day in {until, *(price.since for price in before.history(model))}:
                if day <= until:
                    assert before.price(model, day) == after.price(model, day)
    elif second > first:
        assert problems != []
