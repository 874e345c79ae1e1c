import csv
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from triplepoint.configuration.load import load_book
from triplepoint.files.seed import seed_folder
from triplepoint.foundation.usage import Usage
from triplepoint.pricing.model import PriceRow, Tier
from triplepoint.pricing.price import Price, compile_price

RATES = st.decimals(min_value=0, max_value=999, places=9, allow_nan=False, allow_infinity=False)
TOKENS = st.integers(0, 3_000_000)


def row(tiers: list[Tier] | None = None, **rates: str) -> PriceRow:
    """Make a row from rates as text."""
    fields: dict[str, object] = {f"{name}_usd_per_mtok": rate for name, rate in rates.items()}
    return PriceRow.model_validate({"model": "a/b", "since": "2026-01-01", "tiers": tiers or [], **fields})


@st.composite
def prices(draw: st.DrawFn) -> Price:
    """Draw a price whose long-context rates are no lower than its others, as all known ones are."""
    base = [draw(RATES) for _ in range(5)]
    starts = sorted(draw(st.sets(st.integers(1, 2_000_000), max_size=3)))
    tiers: list[Tier] = []
    for position, start in enumerate(starts, start=2):
        dearer = [rate * position for rate in base]
        tiers.append(Tier.model_validate({"above_input_tokens": start, **_named(dearer)}))
    return compile_price(PriceRow.model_validate({"model": "a/b", "since": "2026-01-01", "tiers": tiers, **_named(base)}))


def _named(rates: list[Decimal]) -> dict[str, Decimal]:
    names = ("input", "output", "cache_read", "cache_write", "cache_write_1h")
    return {f"{name}_usd_per_mtok": rate for name, rate in zip(names, rates, strict=True)}


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Draw a usage whose parts fit into its whole."""
    read, write, plain = draw(TOKENS), draw(TOKENS), draw(TOKENS)
    return Usage(
        input_tokens=read + write + plain,
        cache_read_tokens=read,
        cache_write_tokens=write,
        cache_write_1h_tokens=draw(st.integers(0, write)),
        output_tokens=draw(TOKENS),
    )


def exact(price: Price, usage: Usage) -> Fraction:
    """Work a cost out again with fractions, straight from the definition."""
    assert usage.input_tokens is not None
    assert usage.output_tokens is not None
    rates = price.rates[sum(start < usage.input_tokens for start in price.starts)]
    plain = usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens
    parts = [
        (plain, rates.input),
        (usage.cache_read_tokens, rates.cache_read),
        (usage.cache_write_tokens - usage.cache_write_1h_tokens, rates.cache_write),
        (usage.cache_write_1h_tokens, rates.cache_write_1h),
        (usage.output_tokens, rates.output or Decimal(0)),
    ]
    return sum((count * Fraction(rate) for count, rate in parts), Fraction(0)) / 1_000_000


@given(prices(), usages())
def test_a_cost_is_exact(price: Price, usage: Usage):
    """No digit is ever lost: the decimal equals the fraction, and so does the sum of the lines."""
    total, cost = price.cost_usd(usage), price.cost(usage)
    assert total is not None
    assert cost is not None
    assert Fraction(total) == exact(price, usage)
    assert cost.usd == total
    assert sum((Fraction(line.usd) for line in cost.lines), Fraction(0)) == Fraction(total)
    assert all(Fraction(line.usd) == line.tokens * Fraction(line.usd_per_mtok) / 1_000_000 for line in cost.lines)


@given(prices(), usages(), TOKENS, TOKENS)
def test_a_cost_grows_with_tokens(price: Price, usage: Usage, more_input: int, more_output: int):
    """More input or more output never costs less, also across the cliff of a tier."""
    assert usage.input_tokens is not None
    assert usage.output_tokens is not None
    larger = Usage(
        input_tokens=usage.input_tokens + more_input,
        output_tokens=usage.output_tokens + more_output,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
    )
    before, after = price.cost_usd(usage), price.cost_usd(larger)
    assert before is not None
    assert after is not None
    assert before <= after


@given(prices(), usages())
def test_a_reservation_covers_the_cost(price: Price, usage: Usage):
    """What is reserved for a size is at least what any usage of that size costs, whatever its cache did."""
    assert usage.input_tokens is not None
    assert usage.output_tokens is not None
    cost = price.cost_usd(usage)
    assert cost is not None
    assert cost <= price.worst_usd(usage.input_tokens, usage.output_tokens)


def test_unknown_is_not_zero():
    """A usage without a count has no cost, and neither has output that the row does not price; no output is fine."""
    price = compile_price(row(input="1", output="2"))
    assert price.cost_usd(Usage(output_tokens=5)) is None
    assert price.cost(Usage(input_tokens=5)) is None
    embedding = compile_price(row(input="1"))
    assert embedding.cost_usd(Usage(input_tokens=5, output_tokens=1)) is None
    assert embedding.cost_usd(Usage(input_tokens=5, output_tokens=0)) == Decimal("0.000005")


def test_missing_rates_fall_back_as_documented():
    """Cached input without a rate costs as input, an hour's write as any write, and a tier's output as below it."""
    tier = Tier(above_input_tokens=100, input_usd_per_mtok=Decimal(5), cache_write_usd_per_mtok=Decimal(6))
    below, above = compile_price(row(input="1", output="2", tiers=[tier])).rates
    assert (below.cache_read, below.cache_write, below.cache_write_1h, below.output) == (1, 1, 1, 2)
    assert (above.cache_read, above.cache_write, above.cache_write_1h, above.output) == (5, 6, 6, 2)


def test_a_tier_is_a_cliff():
    """At the start the lower rate holds for every token, one token above it the higher rate does."""
    tier = Tier(above_input_tokens=200_000, input_usd_per_mtok=Decimal(2), output_usd_per_mtok=Decimal(4))
    price = compile_price(row(input="1", output="2", tiers=[tier]))
    assert price.cost_usd(Usage(input_tokens=200_000, output_tokens=1000)) == Decimal("0.202")
    assert price.cost_usd(Usage(input_tokens=200_001, output_tokens=1000)) == Decimal("0.404002")


def test_counts_that_contradict_each_other_are_charged_in_full():
    """Where an upstream counts cached tokens beside the input instead of in it, every part is still charged."""
    price = compile_price(row(input="1", output="2", cache_read="0.5", cache_write="3", cache_write_1h="4"))
    odd = Usage(input_tokens=10, cache_read_tokens=100, cache_write_tokens=5, cache_write_1h_tokens=8, output_tokens=0)
    cost = price.cost(odd)
    assert cost is not None
    assert {line.what: line.tokens for line in cost.lines} == {"cache_read": 100, "cache_write_1h": 8}
    assert cost.usd == price.cost_usd(odd) == Decimal("0.000082")


def test_the_id_tells_prices_apart():
    """The id names row, day and numbers: other numbers give another digest, another spelling of a number the same."""
    first, same, other = (compile_price(row(input=rate, output="2")).id for rate in ("1.5", "1.500", "1.51"))
    assert first == same
    assert first != other
    assert first.startswith("a/b@2026-01-01#")
    assert len(first.split("#")[1]) == 8


def _vectors() -> Iterator[dict[str, str]]:
    lines = (Path(__file__).parent / "vectors.csv").read_text(encoding="utf-8").splitlines()
    yield from csv.DictReader(line for line in lines if not line.startswith("#"))


def test_vectors_of_two_independent_sources_are_met_exactly():
    """Amounts on which two independent price lists agree, cached, written, tiered and historic, come out to the last digit."""
    book, checked = load_book(seed_folder()), 0
    for vector in _vectors():
        price = book.price(vector["model"], date.fromisoformat(vector["at"]))
        assert price is not None, vector
        usage = Usage(
            input_tokens=int(vector["input_tokens"]),
            cache_read_tokens=int(vector["cache_read_tokens"]),
            cache_write_tokens=int(vector["cache_write_tokens"]),
            output_tokens=int(vector["output_tokens"]),
        )
        assert price.cost_usd(usage) == Decimal(vector["expected_usd"]), vector
        checked += 1
    assert checked > 50
