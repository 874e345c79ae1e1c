"""How ``triplepoint price`` shows rows, costs and differences: as text, and as JSON values."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from rich.markup import escape
from rich.table import Column, Table

from triplepoint.foundation.money import money_text
from triplepoint.pricing.book import PriceBook
from triplepoint.pricing.compare import Comparison, Difference
from triplepoint.pricing.model import Cost
from triplepoint.pricing.price import Price, canonical_row
from triplepoint.pricing.rates import Schedule
from triplepoint.pricing.review import Change, Fate, Review

_COLOURS = {Fate.NEW_MODEL: "green", Fate.ADDED: "green", Fate.REFUSED: "red"}
_TEXT = ("input", "cache_read", "cache_write", "cache_write_1h", "output")


def plain(price: Price) -> dict[str, object]:
    """Return a row as JSON values."""
    row = price.row
    return {"id": price.id, **canonical_row(row), "also": row.also, "excludes": row.excludes, "evidence": row.evidence}


def in_force(history: tuple[Price, ...], price: Price | None, day: date) -> str:
    """Say which row holds on a day."""
    if price is not None:
        return f"[bold]{escape(price.id)}[/bold] holds on {day}"
    if history[0].since > day:
        return f"no price on {day}; the first begins {history[0].since}"
    return f"no price on {day}; the last ended {history[-1].until}"


def history(prices: tuple[Price, ...], price_in_force: Price | None) -> Table:
    """Tabulate all rows of a model."""
    table = Table(
        "since", "processing", "beyond tokens", "input", "cache read", "cache write", "write 1 h", "output", "evidence"
    )
    for price in prices:
        since = f"{price.since}{' ←' if price is price_in_force else ''}"
        for label, schedule in _processings(price):
            for start, rates in zip(("", *map(str, schedule.starts)), schedule.rates, strict=True):
                cells = ("" if (rate := getattr(rates, name)) is None else money_text(rate) for name in _TEXT)
                table.add_row(since, label, start, *cells)
                since = label = ""
    return table


def beside(price: Price | None) -> Iterator[str]:
    """Say why a row is believed, what it prices beside text, and what the vendor charges beside that."""
    if price is None:
        return
    if price.row.evidence:
        yield f"evidence: {price.row.evidence}"
    rates = price.rates[0]
    for name in rates.__struct_fields__:
        rate = getattr(rates, name)
        if name not in _TEXT and rate is not None:
            yield f"{name.replace('_', ' ')}: {money_text(rate)} for a million tokens"
    for name in price.standard.fees.__struct_fields__:
        fee = getattr(price.standard.fees, name)
        if fee is not None:
            yield f"{name.replace('_', ' ')}: {money_text(fee)} each"
    if price.row.excludes:
        yield f"charged beside all this: {', '.join(price.row.excludes)}"


def listing(prices: Sequence[Price]) -> Table:
    """Tabulate the rows in force."""
    table = Table(Column("model", no_wrap=True), "since", "input", "cache read", "output", "more")
    for price in prices:
        rates = price.rates[0]
        output = "" if rates.output is None else money_text(rates.output)
        more = [f"above {start}" for start in price.starts] + [*price.service_tiers] + ["hours"] * bool(price.hours)
        row = (escape(price.row.model), str(price.since), money_text(rates.input), money_text(rates.cache_read), output)
        table.add_row(*row, ", ".join(more))
    return table


def cost_document(price: Price, cost: Cost | None, why: str | None, worst: Decimal) -> dict[str, object]:
    """Return a cost as JSON values."""
    lines = [
        {
            "what": line.what,
            "count": line.count,
            "usd": money_text(line.usd),
            "rate_usd": money_text(line.rate_usd),
            "per": line.per,
        }
        for line in (cost.lines if cost is not None else ())
    ]
    usd = None if cost is None else money_text(cost.usd)
    return {"price": price.id, "cost_usd": usd, "unknown_because": why, "worst_usd": money_text(worst), "lines": lines}


def cost_lines(price: Price, cost: Cost | None, why: str | None, worst: Decimal) -> Iterator[str]:
    """Tell a cost."""
    yield f"by [bold]{escape(price.id)}[/bold]"
    if cost is None:
        yield f"unknown: {escape(why or '')}"
    else:
        for line in cost.lines:
            per = "Mtok" if line.per > 1 else "each"
            yield f"  {line.what:<17}{line.count:>12}  × {money_text(line.rate_usd):>10} / {per}  = ${money_text(line.usd)}"
        yield f"[bold]${money_text(cost.usd)}[/bold]"
    yield f"at most ${money_text(worst)} for a request of that size, in any service tier, at any hour"


def review_document(present: PriceBook, found: Review) -> dict[str, object]:
    """Return a review as JSON values."""
    by_fate = {fate.replace(" ", "_"): [_change(one) for one in found.changes if one.fate is fate] for fate in Fate}
    return {"acceptable": found.is_acceptable, "digest": present.digest, "same": found.same, **by_fate}


def review_lines(found: Review) -> Iterator[str]:
    """Tell a review, what is refused last, so that it is seen."""
    for change in sorted(found.changes, key=lambda change: change.fate is Fate.REFUSED):
        colour = _COLOURS[change.fate]
        yield f"[{colour}]{change.fate}[/{colour}] {escape(change.model)} since {change.since}"
        if change.old is None:
            rates = change.new.rates[0]
            output = "" if rates.output is None else f", output {money_text(rates.output)}"
            yield f"    input {money_text(rates.input)}{output}"
        for difference in change.differences:
            yield f"    {escape(str(difference))}"
        if change.old is not None and not change.differences:
            yield "    no number differs; rates, tiers or pieces are stated that were not, or are no more"
        if change.why:
            yield f"    [red]why:[/red] {escape(change.why)}"
    count = sum(change.fate is Fate.REFUSED for change in found.changes)
    taken = len(found.changes) - count
    yield f"{taken} rows to be added, {found.same} as they are, {count} refused"


def comparison_document(books: Sequence[PriceBook], found: Comparison, day: date | None) -> dict[str, object]:
    """Return a comparison as JSON values."""
    return {
        "at": None if day is None else day.isoformat(),
        "digests": [book.digest for book in books],
        "compared": found.compared,
        "disagreements": [
            {
                "model": one.model,
                "since": one.since.isoformat(),
                "until": None if one.until is None else one.until.isoformat(),
                "differences": [_difference(difference) for difference in one.differences],
            }
            for one in found.disagreements
        ],
        "stated_by_one": {model: list(what) for model, what in found.missing.items()},
        "only_in_first": list(found.only_old),
        "only_in_second": list(found.only_new),
    }


def comparison_lines(found: Comparison) -> Iterator[str]:
    """Tell a comparison."""
    for one in found.disagreements:
        days = f"on {one.since}" if one.since == one.until else f"from {one.since} to {one.until or 'this day'}"
        yield f"[red]differs[/red] {escape(one.model)} {days}"
        for difference in one.differences:
            yield f"    {escape(str(difference))}"
    models = len({one.model for one in found.disagreements})
    yield f"{models} of {found.compared} models differ; {len(found.missing)} have something that only one book states"
    yield f"{len(found.only_old)} models only in the first, {len(found.only_new)} only in the second"


def _processings(price: Price) -> Iterator[tuple[str, Schedule]]:
    yield "standard", price.standard
    yield from price.service_tiers.items()
    by_hour: dict[int, Schedule] = {id(schedule): schedule for *_, schedule in price.hours}
    for hours, schedule in zip(price.row.hours, by_hour.values(), strict=True):
        days = "" if len(hours.days) == 7 else f" {' '.join(hours.days)}"
        yield f"{hours.from_utc}-{hours.to_utc}{days}", schedule


def _change(change: Change) -> dict[str, object]:
    return {
        "model": change.model,
        "since": change.since.isoformat(),
        "old": None if change.old is None else change.old.id,
        "new": change.new.id,
        "differences": [_difference(difference) for difference in change.differences],
        "why": change.why or None,
    }


def _difference(difference: Difference) -> dict[str, object]:
    numbers = {"old": money_text(difference.old), "new": money_text(difference.new)}
    return {"what": difference.what, **numbers, "percent": difference.percent}
