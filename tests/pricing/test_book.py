from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.configuration.load import load_book
from triplepoint.files.checked import Reading, check_text
from triplepoint.files.seed import seed_folder
from triplepoint.pricing.book import PriceBook, read_book
from triplepoint.pricing.model import PriceFile

FIRST = date(2026, 1, 1)
DAYS = st.integers(0, 400).map(lambda days: FIRST + timedelta(days))
ROWS = st.lists(st.tuples(st.sampled_from(["a/x", "a/y"]), DAYS, st.integers(0, 9)), max_size=6)


def price_file(name: str, collected: date, rows: list[tuple[str, date, int]]) -> Reading[PriceFile]:
    """Write and read a price file with rows of (model, since, input rate)."""
    lines = [f'  - {{model: {model}, since: {since}, input_usd_per_mtok: "{rate}"}}' for model, since, rate in rows]
    listed = "\n" + "\n".join(lines) if lines else " []"
    reading = check_text(f"source: test\ncollected: {collected}\nprices:{listed}\n", PriceFile, name=name)
    assert reading.problems == ()
    return reading


def rate(book: PriceBook, model: str, at: date) -> Decimal | None:
    """Return the input rate on a day."""
    price = book.price(model, at)
    return None if price is None else price.input_usd_per_mtok


def test_the_price_of_a_day_is_the_latest_that_has_begun():
    """Before its first day a model has no price; from then on the newest row that has begun holds."""
    book, problems = read_book(
        [price_file("p", date(2026, 6, 1), [("a/x", date(2026, 3, 1), 2), ("a/x", date(2026, 2, 1), 1)])]
    )
    assert problems == []
    days = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 1), date(2030, 1, 1)]
    assert [rate(book, "a/x", day) for day in days] == [None, 1, 1, 2, 2]
    assert book.price("a/unknown", date(2026, 3, 1)) is None
    assert [price.since for price in book.history("a/x")] == [date(2026, 2, 1), date(2026, 3, 1)]


@given(ROWS, ROWS, DAYS, DAYS)
def test_a_later_file_never_changes_an_old_price(
    old: list[tuple[str, date, int]], new: list[tuple[str, date, int]], told: date, gap: date
):
    """Whatever a later file holds, every price of a day that was already told stays as it was."""
    later = told + (gap - FIRST) + timedelta(1)
    first = price_file("1", told, old)
    before, _ = read_book([first])
    after, _ = read_book([price_file("2", later, new), first])
    for model in ("a/x", "a/y"):
        for day in {FIRST, told, *(since for _, since, _ in old), *(since for _, since, _ in new if since <= told)}:
            was = rate(before, model, day)
            if day <= told and before.history(model):
                assert rate(after, model, day) == was


@given(ROWS, DAYS)
def test_the_order_of_files_does_not_matter(rows: list[tuple[str, date, int]], told: date):
    """Files are taken by their day of collection, not in the order in which a folder lists them."""
    files = [price_file(f"{number}", told + timedelta(number), [row]) for number, row in enumerate(rows)]
    forward, problems = read_book(files)
    backward, same_problems = read_book(files[::-1])
    assert problems == same_problems
    assert [price.id for model in forward.models() for price in forward.history(model)] == [
        price.id for model in backward.models() for price in backward.history(model)
    ]


def test_two_prices_of_one_day_are_refused():
    """The same model and day with other numbers is a problem in the file that comes second; repeating the same row is not."""
    first = price_file("prices/1.yaml", date(2026, 2, 1), [("a/x", date(2026, 3, 1), 1)])
    other = price_file("prices/2.yaml", date(2026, 2, 2), [("a/y", FIRST, 7), ("a/x", date(2026, 3, 1), 2)])
    book, (problem,) = read_book([first, other])
    assert (problem.file, problem.line, problem.key) == ("prices/2.yaml", 5, "prices[1].since")
    assert "another price" in problem.message
    assert "later day" in problem.fix
    assert rate(book, "a/x", date(2026, 3, 1)) == 1
    assert read_book([first, price_file("3", date(2026, 2, 3), [("a/x", date(2026, 3, 1), 1)])])[1] == []


def test_a_row_for_a_day_already_told_is_refused():
    """A later file cannot slip a price in between days whose price is told; the problem says from when it may."""
    first = price_file("prices/1.yaml", date(2026, 6, 1), [("a/x", FIRST, 1)])
    book, (problem,) = read_book([first, price_file("prices/2.yaml", date(2026, 7, 1), [("a/x", date(2026, 5, 1), 2)])])
    assert "never changes" in problem.message
    assert "after 2026-06-01" in problem.fix
    assert rate(book, "a/x", date(2026, 5, 2)) == 1
    grown, problems = read_book([first, price_file("prices/2.yaml", date(2026, 7, 1), [("a/x", date(2026, 6, 2), 2)])])
    assert problems == []
    assert (rate(grown, "a/x", date(2026, 6, 1)), rate(grown, "a/x", date(2026, 6, 2))) == (1, 2)


@pytest.mark.parametrize(
    ("model", "day", "expected"),
    [
        ("openai/o3", date(2025, 6, 9), "10"),
        ("openai/o3", date(2025, 6, 10), "2"),
        ("openai/gpt-4o", date(2026, 11, 20), "2.5"),
        ("local/smollm2-135m-instruct", date(2026, 11, 21), "0.0406"),
        ("simulated/large", date(2026, 11, 21), "3"),
    ],
)
def test_the_seed_has_the_prices_that_it_should(model: str, day: date, expected: str):
    """Spot checks of the shipped book, the famous price cut of o3 among them."""
    assert rate(load_book(seed_folder()), model, day) == Decimal(expected)
