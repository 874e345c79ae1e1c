from collections.abc import Sequence
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


def test_two_books_of_one_day_are_refused():
    """Two files collected on the same day cannot both tell a model; repeating the same row does no harm."""
    first = price_file("prices/1.yaml", date(2026, 6, 1), [("a/x", FIRST, 1)])
    same = price_file("prices/2.yaml", date(2026, 6, 1), [("a/x", FIRST, 1), ("a/y", FIRST, 3)])
    assert read_book([first, same])[1] == []
    later_row = price_file("prices/3.yaml", date(2026, 6, 1), [("a/y", FIRST, 3), ("a/x", date(2026, 9, 1), 2)])
    book, (problem,) = read_book([first, later_row])
    assert (problem.file, problem.line, problem.key) == ("prices/3.yaml", 5, "prices[1].since")
    assert "two files of one day" in problem.message
    assert "keep a/x in one of them" in problem.fix
    assert rate(book, "a/x", date(2026, 9, 1)) == 1


def ending_file(name: str, collected: date, rows: Sequence[tuple[date, date | None, int]]) -> Reading[PriceFile]:
    """Write and read a price file with rows of a/x, each of (since, until, input rate)."""
    lines = [
        f'  - {{model: a/x, since: {since}, {"" if until is None else f"until: {until}, "}input_usd_per_mtok: "{rate}"}}'
        for since, until, rate in rows
    ]
    text = f"source: test\ncollected: {collected}\nprices:\n" + "\n".join(lines) + "\n"
    reading = check_text(text, PriceFile, name=name)
    assert reading.problems == ()
    return reading


@pytest.mark.parametrize(
    ("until", "word"),
    [
        (date(2026, 2, 10), "has no price between 2026-02-10 and its next row"),
        (date(2026, 3, 5), "in the time of its next row"),
    ],
)
def test_a_gap_or_an_overlap_of_days_is_refused(until: date, word: str):
    """A row that says when it ends must end on the day before the next one begins; the problem names the line and the day."""
    rows = [(FIRST, until, 1), (date(2026, 3, 1), None, 2)]
    _, (problem,) = read_book([ending_file("prices/1.yaml", date(2026, 6, 1), rows)])
    assert (problem.file, problem.line, problem.key) == ("prices/1.yaml", 4, "prices[0].until")
    assert word in problem.message
    assert "end it on 2026-02-28" in problem.fix
    assert read_book([ending_file("p", date(2026, 6, 1), [(FIRST, date(2026, 2, 28), 1), *rows[1:]])])[1] == []


def test_a_model_that_has_gone_has_no_price():
    """After the last day of its last row a model is unpriced, and before it nothing changes."""
    book, problems = read_book([ending_file("p", date(2026, 6, 1), [(FIRST, date(2026, 8, 31), 1)])])
    assert problems == []
    assert (rate(book, "a/x", date(2026, 8, 31)), rate(book, "a/x", date(2026, 9, 1))) == (1, None)


def test_a_later_file_may_leave_no_gap_after_an_announced_end():
    """Where an earlier file announced an end, the next price begins on the day after, or sooner: that is news, not a change."""
    first = ending_file("prices/1.yaml", date(2026, 6, 1), [(FIRST, date(2026, 8, 31), 1)])
    late = ending_file("prices/2.yaml", date(2026, 7, 1), [(date(2026, 10, 1), None, 2)])
    _, (problem,) = read_book([first, late])
    assert problem.key == "prices[0].since"
    assert "begin on 2026-09-01" in problem.fix
    early = ending_file("prices/2.yaml", date(2026, 7, 1), [(date(2026, 8, 1), None, 2)])
    book, problems = read_book([first, early])
    assert problems == []
    assert [rate(book, "a/x", day) for day in (date(2026, 7, 31), date(2026, 8, 1))] == [1, 2]


@given(ROWS)
def test_the_digest_is_of_the_numbers(rows: list[tuple[str, date, int]]):
    """Two books have one digest exactly if they hold the same rows, in whatever files and order."""
    told = date(2027, 6, 1)
    book, problems = read_book([price_file("p", told, rows)])
    again, _ = read_book([price_file("q", told, rows[::-1])])
    if not problems:
        assert book.digest == again.digest
    grown, _ = read_book([price_file("p", told, rows), price_file("r", told + timedelta(1), [("a/z", told, 1)])])
    assert grown.digest != book.digest


def test_the_history_of_public_models_is_dated_and_evidenced():
    """At least twelve changes of price are told with their day, each row says why we believe it, and no model has a gap."""
    text = (seed_folder() / "prices" / "2026-10-11-history.yaml").read_text(encoding="utf-8")
    history = check_text(text, PriceFile, name="history").value
    assert history is not None
    assert all(row.evidence for row in history.prices)
    assert len(history.prices) - len({row.model for row in history.prices}) >= 12
    assert "contradict each other" in text


@pytest.mark.parametrize(
    ("model", "day", "expected"),
    [
        ("openai/gpt-4o", date(2024, 6, 1), "5"),
        ("openai/gpt-4o", date(2024, 10, 1), "5"),
        ("openai/gpt-4o", date(2024, 10, 2), "2.5"),
        ("openai/gpt-4o-2024-08-06", date(2024, 9, 1), "2.5"),
        ("openai/gpt-3.5-turbo", date(2023, 12, 1), "1"),
        ("openai/o1-mini", date(2025, 1, 30), "3"),
        ("openai/o1-mini", date(2025, 1, 31), "1.1"),
        ("google/gemini-1.5-flash", date(2024, 8, 11), "0.35"),
        ("anthropic/claude-3-5-haiku-latest", date(2024, 11, 20), "1"),
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
