"""The exact price of a usage: every kind of token and piece, every way of processing, and what is not known."""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.configuration.load import load_book
from triplepoint.files.seed import seed_folder
from triplepoint.foundation.usage import Usage
from triplepoint.pricing.model import PriceRow, Tier
from triplepoint.pricing.names import Resolved
from triplepoint.pricing.price import Price, compile_price
from triplepoint.pricing.rates import Schedule

RATES = st.decimals(min_value=0, max_value=999, places=9, allow_nan=False, allow_infinity=False)
TOKENS = st.integers(0, 3_000_000)
PIECES = st.integers(0, 20)
TEXT = ("input", "output", "cache_read", "cache_write", "cache_write_1h")
BESIDE = ("reasoning", "input_audio", "cache_read_audio", "output_audio", "output_image")
FEES = ("usd_per_image", "usd_per_web_search", "usd_per_request")
SERVICE_TIERS = ("batch", "flex", "priority")
MOMENTS = st.integers(0, 4 * 10**15)


def row(tiers: list[Tier] | None = None, **rates: str) -> PriceRow:
    """Make a row from rates as text."""
    fields: dict[str, object] = {f"{name}_usd_per_mtok": rate for name, rate in rates.items()}
    return PriceRow.model_validate({"model": "a/b", "since": "2026-01-01", "tiers": tiers or [], **fields})


def _named(rates: dict[str, Decimal]) -> dict[str, Decimal]:
    return {f"{name}_usd_per_mtok": rate for name, rate in rates.items()}


@st.composite
def prices(draw: st.DrawFn) -> Price:
    """Draw a price of text alone, whose long-context rates are no lower than its others, as all known ones are."""
    base = {name: draw(RATES) for name in TEXT}
    starts = sorted(draw(st.sets(st.integers(1, 2_000_000), max_size=3)))
    tiers: list[dict[str, Any]] = []
    for position, start in enumerate(starts, start=2):
        key = draw(st.sampled_from(["above_input_tokens", "from_input_tokens"]))
        tiers.append({key: start, **_named({name: rate * position for name, rate in base.items()})})
    return compile_price(PriceRow.model_validate({"model": "a/b", "since": "2026-01-01", "tiers": tiers, **_named(base)}))


@st.composite
def _rates(draw: st.DrawFn, *, needed: tuple[str, ...]) -> dict[str, Decimal]:
    names = draw(st.sets(st.sampled_from((*TEXT, *BESIDE)))) | set(needed)
    return _named({name: draw(RATES) for name in sorted(names)})


@st.composite
def _tiers(draw: st.DrawFn) -> list[dict[str, Any]]:
    starts = sorted(draw(st.sets(st.integers(1, 2_000_000), max_size=2)))
    return [{"above_input_tokens": start, **draw(_rates(needed=("input",)))} for start in starts]


@st.composite
def rich_prices(draw: st.DrawFn) -> Price:
    """Draw a price with everything that a row can say; nothing keeps a long context, a tier or an hour from being cheaper."""
    fields: dict[str, Any] = {**draw(_rates(needed=("input", "output"))), "tiers": draw(_tiers())}
    fields |= {name: draw(RATES) for name in draw(st.sets(st.sampled_from(FEES)))}
    fields["service_tiers"] = {
        name: {**draw(_rates(needed=())), "tiers": draw(_tiers())} for name in draw(st.sets(st.sampled_from(SERVICE_TIERS)))
    }
    spans = draw(st.sampled_from([[], [("22:00", "06:30")], [("01:00", "04:00"), ("06:00", "10:00")]]))
    days = draw(st.sampled_from([["mon"], ["sat", "sun"], ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]]))
    fields["hours"] = [
        {"from_utc": start, "to_utc": end, "days": days, **draw(_rates(needed=())), "tiers": draw(_tiers())}
        for start, end in spans
    ]
    return compile_price(PriceRow.model_validate({"model": "a/b", "since": "2026-01-01", **fields}))


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Draw a usage of text whose parts fit into its whole."""
    read, write, plain = draw(TOKENS), draw(TOKENS), draw(TOKENS)
    return Usage(
        input_tokens=read + write + plain,
        cache_read_tokens=read,
        cache_write_tokens=write,
        cache_write_1h_tokens=draw(st.integers(0, write)),
        output_tokens=draw(TOKENS),
    )


@st.composite
def rich_usages(draw: st.DrawFn) -> Usage:
    """Draw a usage with every kind of token and piece, in any service tier, whose parts fit into their wholes."""
    text = draw(usages())
    heard, sound, pictures = draw(TOKENS), draw(TOKENS), draw(TOKENS)
    thought, spoken, drawn = draw(TOKENS), draw(TOKENS), draw(TOKENS)
    return msgspec.structs.replace(
        text,
        input_tokens=(text.input_tokens or 0) + heard + sound + pictures,
        cache_read_tokens=text.cache_read_tokens + heard,
        output_tokens=(text.output_tokens or 0) + thought + spoken + drawn,
        reasoning_tokens=thought,
        input_audio_tokens=heard + sound,
        cache_read_audio_tokens=heard,
        output_audio_tokens=spoken,
        input_image_tokens=pictures,
        output_image_tokens=drawn,
        images=draw(PIECES),
        web_searches=draw(PIECES),
        service_tier=draw(st.sampled_from((None, *SERVICE_TIERS, "scale"))),
    )


def exact(price: Price, usage: Usage) -> Fraction:
    """Work a cost of text out again with fractions, straight from the definition."""
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


@given(rich_prices(), rich_usages(), MOMENTS)
def test_a_cost_is_the_sum_of_its_lines(price: Price, usage: Usage, at_us: int):
    """Whatever was used, the cost is what its lines add up to, each a count times a rate; an unknown one has a reason."""
    total, cost, reason = price.cost_usd(usage, at_us), price.cost(usage, at_us), price.why_unknown(usage, at_us)
    assert (total is None) is (cost is None) is (reason is not None)
    if cost is None or total is None:
        return
    assert Fraction(total) == sum((Fraction(line.usd) for line in cost.lines), Fraction(0)) == Fraction(cost.usd)
    assert all(Fraction(line.usd) == line.count * Fraction(line.rate_usd) / line.per for line in cost.lines)
    assert total >= 0
    tokens = [line.count for line in cost.lines if line.per != 1]
    assert sum(tokens) == (usage.input_tokens or 0) + (usage.output_tokens or 0)


@given(prices(), usages(), TOKENS, TOKENS)
def test_a_cost_grows_with_tokens(price: Price, usage: Usage, more_input: int, more_output: int):
    """More input or more output never costs less, also across the cliff of a tier."""
    assert usage.input_tokens is not None
    assert usage.output_tokens is not None
    larger = msgspec.structs.replace(
        usage, input_tokens=usage.input_tokens + more_input, output_tokens=usage.output_tokens + more_output
    )
    before, after = price.cost_usd(usage), price.cost_usd(larger)
    assert before is not None
    assert after is not None
    assert before <= after


@given(rich_prices(), rich_usages(), MOMENTS, TOKENS, TOKENS)
def test_a_reservation_covers_every_cost(price: Price, usage: Usage, at_us: int, more_input: int, more_output: int):
    """What is reserved for a size is at least what any usage up to it costs, in any tier, at any hour, cached or not."""
    cost = price.cost_usd(usage, at_us)
    worst = price.worst_usd(
        (usage.input_tokens or 0) + more_input,
        (usage.output_tokens or 0) + more_output,
        web_searches=usage.web_searches,
        images=usage.images,
    )
    assert cost is None or cost <= worst


def _schedules(price: Price) -> list[Schedule]:
    return [price.standard, *price.service_tiers.values(), *(schedule for *_, schedule in price.hours)]


@given(rich_prices(), st.integers(0, 3_000_000))
def test_a_reservation_holds_no_more_than_some_tier_could_cost(price: Price, tokens: int):
    """The bound is reached: some length of context, some way of processing and some kind of token cost just that."""
    reached = {
        units.dearest_input
        for one in _schedules(price)
        for start, units in zip((0, *(start + 1 for start in one.starts)), one.units, strict=True)
        if start <= tokens
    }
    fee = price.worst_usd(0, 0)
    assert price.worst_usd(tokens, 0) - fee == Decimal(tokens * max(reached)).scaleb(-15)


def _broken(usage: Usage) -> Iterator[Usage]:
    for name in ("cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "input_audio_tokens", "output_audio_tokens"):
        yield msgspec.structs.replace(usage, **{name: -1})
        yield msgspec.structs.replace(usage, **{name: 2000})
    for name in ("input_tokens", "output_tokens"):
        yield msgspec.structs.replace(usage, **{name: -1})
        yield msgspec.structs.replace(usage, **{name: 10**12 + 1})
    yield msgspec.structs.replace(usage, cache_write_tokens=5, cache_write_1h_tokens=6)
    yield msgspec.structs.replace(usage, cache_read_audio_tokens=5)
    yield msgspec.structs.replace(usage, images=-1)
    yield msgspec.structs.replace(usage, web_searches=-1)
    yield msgspec.structs.replace(usage, web_searches=10**13)


@pytest.mark.parametrize("usage", list(_broken(Usage(input_tokens=1000, output_tokens=1000))))
@pytest.mark.parametrize("tier", [None, "batch"])
def test_counts_that_cannot_be_have_no_cost(usage: Usage, tier: str | None):
    """Parts beyond their whole, counts below nothing or beyond belief: the cost is unknown, in every way of processing."""
    fields = {"input_usd_per_mtok": "1", "output_usd_per_mtok": "2", "usd_per_web_search": "1", "usd_per_image": "1"}
    price = compile_price(
        PriceRow.model_validate({"model": "a/b", "since": "2026-01-01", **fields, "service_tiers": {"batch": {}}})
    )
    assert price.cost_usd(msgspec.structs.replace(usage, service_tier=tier)) is None
    assert price.why_unknown(msgspec.structs.replace(usage, service_tier=tier)) is not None


@given(prices(), st.lists(st.integers(-(10**6), 10**6), min_size=11, max_size=11))
def test_money_is_never_negative(price: Price, counts: list[int]):
    """Whatever an upstream reports, a cost is unknown or at least nothing."""
    names = [name for name in Usage.__struct_fields__ if name.endswith("_tokens") or name in {"images", "web_searches"}]
    cost = price.cost_usd(Usage(**dict(zip(names, counts, strict=False))))  # pyright: ignore[reportArgumentType]
    assert cost is None or cost >= 0


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


def test_a_vendor_words_its_boundary():
    """``from_input_tokens`` holds at the number itself, as xAI charges; ``above_input_tokens`` from one token more on."""
    dearer = {"input_usd_per_mtok": "2"}
    at, above = (
        compile_price(row(tiers=[Tier.model_validate({key: 200_000, **dearer})], input="1", output="2"))
        for key in ("from_input_tokens", "above_input_tokens")
    )
    usages = [Usage(input_tokens=tokens, output_tokens=0) for tokens in (199_999, 200_000, 200_001)]
    assert [at.cost_usd(usage) for usage in usages] == [Decimal("0.199999"), Decimal("0.4"), Decimal("0.400002")]
    assert [above.cost_usd(usage) for usage in usages] == [Decimal("0.199999"), Decimal("0.2"), Decimal("0.400002")]
    book = load_book(seed_folder())
    day, limit = date(2026, 11, 20), Usage(input_tokens=200_000, output_tokens=0)
    grok, claude = book.price("x-ai/grok-4.20", day), book.price("anthropic/claude-sonnet-4-5", day)
    assert grok is not None
    assert claude is not None
    assert grok.cost_usd(limit) == 200_000 * grok.rates[1].input / 1_000_000
    assert claude.cost_usd(limit) == 200_000 * claude.rates[0].input / 1_000_000


TIERED = PriceRow.model_validate(
    {
        "model": "a/b",
        "since": "2026-01-01",
        "input_usd_per_mtok": "2",
        "output_usd_per_mtok": "8",
        "cache_read_usd_per_mtok": "1",
        "service_tiers": {"batch": {"input_usd_per_mtok": "1", "output_usd_per_mtok": "4"}, "legacy": {}},
    }
)


def test_a_service_tier_has_its_own_price():
    """A tier pays its own rates, and the row's where it says nothing; one without a price costs an unknown amount."""
    price = compile_price(TIERED)
    usage = Usage(input_tokens=1_000_000, output_tokens=500_000, cache_read_tokens=200_000)
    costs = {
        tier: price.cost_usd(msgspec.structs.replace(usage, service_tier=tier)) for tier in (None, "batch", "legacy", "flex")
    }
    assert costs == {None: Decimal("5.8"), "batch": Decimal("3"), "legacy": Decimal("5.8"), "flex": None}
    assert "service tier flex" in (price.why_unknown(Usage(input_tokens=1, output_tokens=1, service_tier="flex")) or "")


def test_hours_are_those_of_the_request():
    """Hours hold on their days, from their first minute to just before their last; without a moment the cost is unknown."""
    hours = [{"from_utc": "01:00", "to_utc": "04:00", "days": ["mon", "fri"], "input_usd_per_mtok": "2"}]
    night = {"from_utc": "22:30", "to_utc": "00:30", "input_usd_per_mtok": "0.5"}
    fields = {"model": "a/b", "since": "2026-01-01", "input_usd_per_mtok": "1", "hours": [*hours, night]}
    price = compile_price(PriceRow.model_validate(fields))
    usage = Usage(input_tokens=1_000_000, output_tokens=0)
    moments = {
        "2026-11-23 00:59": "1",  # a Monday
        "2026-11-23 01:00": "2",
        "2026-11-23 03:59": "2",
        "2026-11-23 04:00": "1",
        "2026-11-24 01:00": "1",
        "2026-11-27 01:00": "2",
        "2026-11-28 01:00": "1",
        "2026-11-28 22:29": "1",
        "2026-11-28 22:30": "0.5",
        "2026-11-29 00:29": "0.5",
        "2026-11-29 00:30": "1",
    }
    for text, expected in moments.items():
        at = datetime.fromisoformat(text).replace(tzinfo=UTC)
        assert price.cost_usd(usage, int(at.timestamp()) * 1_000_000) == Decimal(expected), text
    assert price.cost_usd(usage) is None
    assert "moment" in (price.why_unknown(usage) or "")


def test_hours_follow_every_minute_of_a_week():
    """DeepSeek's row costs what a plain reading of its hours says, at each minute of a week."""
    price = load_book(seed_folder()).price("deepseek/deepseek-v4-pro", date(2026, 11, 20))
    assert price is not None
    monday = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp())
    for day, minute in product(range(7), range(0, 1440, 7)):
        is_dear = day < 5 and (60 <= minute < 240 or 360 <= minute < 600)
        cost = price.cost_usd(Usage(input_tokens=1_000_000, output_tokens=0), (monday + day * 86_400 + minute * 60) * 1_000_000)
        assert cost == Decimal("1.32" if is_dear else "0.66")


def test_sound_pictures_and_pieces_have_their_own_prices():
    """Each kind of token replaces text in its part, cached sound included, and pieces are charged apiece."""
    fields = {"input": "2.5", "output": "10", "input_audio": "32", "cache_read_audio": "0.4", "output_audio": "64"}
    fields |= {"output_image": "30", "reasoning": "3", "cache_read": "1"}
    pieces = {"usd_per_image": "0.04", "usd_per_web_search": "0.01", "usd_per_request": "0.005"}
    named = {f"{name}_usd_per_mtok": rate for name, rate in fields.items()}
    price = compile_price(PriceRow.model_validate({"model": "a/b", "since": "2026-01-01", **named, **pieces}))
    usage = Usage(
        input_tokens=1000,
        cache_read_tokens=300,
        input_audio_tokens=500,
        cache_read_audio_tokens=200,
        output_tokens=900,
        reasoning_tokens=100,
        output_audio_tokens=400,
        output_image_tokens=150,
        images=2,
        web_searches=3,
    )
    cost = price.cost(usage)
    assert cost is not None
    assert {line.what: line.count for line in cost.lines} == {
        "input": 400,
        "cache_read": 100,
        "input_audio": 300,
        "cache_read_audio": 200,
        "output": 250,
        "reasoning": 100,
        "output_audio": 400,
        "output_image": 150,
        "image": 2,
        "web_search": 3,
        "request": 1,
    }
    tokens = 400 * 2.5 + 100 * 1 + 300 * 32 + 200 * 0.4 + 250 * 10 + 100 * 3 + 400 * 64 + 150 * 30
    assert cost.usd == price.cost_usd(usage) == Decimal(str(tokens)) / 1_000_000 + Decimal("0.115")


def test_pieces_without_a_price_make_the_cost_unknown():
    """A search or a picture that the row does not price is never free; a price of zero is written down as zero."""
    silent, free = compile_price(row(input="1", output="2")), {"usd_per_web_search": "0"}
    searched = Usage(input_tokens=10, output_tokens=10, web_searches=1)
    assert silent.cost_usd(searched) is None
    assert silent.cost_usd(Usage(input_tokens=10, output_tokens=10, images=1)) is None
    fields = {"model": "a/b", "since": "2026-01-01", "input_usd_per_mtok": "1", "output_usd_per_mtok": "2", **free}
    assert compile_price(PriceRow.model_validate(fields)).cost_usd(searched) == Decimal("0.00003")


def test_cached_pictures_cannot_be_told_from_cached_text():
    """Where pictures have a price of their own and something was cached, the cost is unknown; otherwise it is known."""
    price = compile_price(row(input="5", output="2", cache_read="1", input_image="10"))
    assert price.cost_usd(Usage(input_tokens=100, input_image_tokens=50, output_tokens=0)) == Decimal("0.00075")
    assert price.cost_usd(Usage(input_tokens=100, input_image_tokens=50, cache_read_tokens=1, output_tokens=0)) is None


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
    """All 308 amounts come out to the last digit: cached, written, batch, at the edges of tiers, and of the past."""
    book, checked = load_book(seed_folder()), 0
    for vector in _vectors():
        at = datetime.fromisoformat(vector["at"])
        found = book.resolve(f"{vector['provider']}/{vector['model']}", at.date())
        assert isinstance(found, Resolved), vector
        price = book.price(found.model, at.date())
        assert price is not None, vector
        usage = Usage(
            input_tokens=int(vector["input_tokens_total"]),
            cache_read_tokens=int(vector["cache_read_tokens"]),
            cache_write_tokens=int(vector["cache_write_tokens"]),
            output_tokens=int(vector["output_tokens_incl_reasoning"]),
            service_tier=None if vector["processing"] == "standard" else vector["processing"],
        )
        assert price.cost_usd(usage, int(at.timestamp()) * 1_000_000) == Decimal(vector["expected_usd"]), vector
        checked += 1
    assert checked == 308
