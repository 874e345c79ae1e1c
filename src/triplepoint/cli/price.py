"""``triplepoint price``: what the price book says."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Never

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from triplepoint.configuration.load import load_book
from triplepoint.files.nearest import suggest
from triplepoint.foundation.errors import SettingsInvalid
from triplepoint.foundation.money import money_text
from triplepoint.pricing.book import PriceBook
from triplepoint.pricing.price import Price, canonical_row

app = typer.Typer(help="The price book: US dollars for a million tokens, by model and day.", no_args_is_help=True)

_FAILED = 1
_WRONG_FILES = 2

Folder = Annotated[Path, typer.Option("--dir", "-C", help="Folder with prices/.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]
At = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day (UTC); today without.")]


@app.command()
def show(
    model: Annotated[str, typer.Argument(help="PROVIDER/MODEL, as in the book.")],
    at: At = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Show the price of a model on a day, and all prices that it ever had."""
    book, day = _book(folder), _day(at)
    history = book.history(model)
    if not history:
        _fail(f"{model} is not in the price book; {suggest(model, book.models(), 'models')}")
    price = book.price(model, day)
    if as_json:
        plain = None if price is None else _plain(price)
        print(json.dumps({"at": day.isoformat(), "price": plain, "history": [_plain(one) for one in history]}, indent=2))
        return
    console = Console(highlight=False)
    in_force = (
        f"[bold]{escape(price.id)}[/bold] holds on {day}"
        if price
        else f"no price on {day}; the first begins {history[0].since}"
    )
    console.print(in_force)
    console.print(_history(history, price))


@app.command("list")
def list_(
    provider: Annotated[str | None, typer.Option(help="Only models of this provider.")] = None,
    at: At = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """List the prices in force on a day."""
    book, day = _book(folder), _day(at)
    if provider is not None and not any(name.startswith(f"{provider}/") for name in book.models()):
        providers = dict.fromkeys(name.split("/")[0] for name in book.models())
        _fail(f"no prices of {provider}; {suggest(provider, providers, 'providers')}")
    wanted = [name for name in book.models() if provider is None or name.startswith(f"{provider}/")]
    prices = [price for name in wanted if (price := book.price(name, day)) is not None]
    if as_json:
        print(json.dumps([_plain(price) for price in prices], indent=2))
    else:
        Console(highlight=False).print(_list(prices))


def _book(folder: Path) -> PriceBook:
    try:
        return load_book(folder)
    except SettingsInvalid as error:
        Console(stderr=True, highlight=False).print(escape(error.message), soft_wrap=True)
        raise typer.Exit(_WRONG_FILES) from error


def _day(at: datetime | None) -> date:
    return datetime.now(UTC).date() if at is None else at.date()


def _fail(message: str) -> Never:
    Console(stderr=True, highlight=False).print(escape(message), soft_wrap=True)
    raise typer.Exit(_FAILED)


def _plain(price: Price) -> dict[str, object]:
    return {"id": price.id, **canonical_row(price.row), "excludes": price.row.excludes}


def _history(history: tuple[Price, ...], in_force: Price | None) -> Table:
    table = Table("since", "above tokens", "input", "cache read", "cache write", "write 1 h", "output", "excludes")
    for price in history:
        starts = ("", *map(str, price.starts))
        for start, rates in zip(starts, price.rates, strict=True):
            since = "" if start else f"{price.since}{' ←' if price is in_force else ''}"
            cells = (rates.input, rates.cache_read, rates.cache_write, rates.cache_write_1h, rates.output)
            excludes = "" if start else escape(", ".join(price.row.excludes))
            table.add_row(since, start, *("" if rate is None else money_text(rate) for rate in cells), excludes)
    return table


def _list(prices: list[Price]) -> Table:
    table = Table(Column("model", no_wrap=True), "since", "input", "cache read", "output", "tiers")
    for price in prices:
        rates = price.rates[0]
        output = "" if rates.output is None else money_text(rates.output)
        above = ", ".join(f"above {start}" for start in price.starts)
        table.add_row(
            escape(price.row.model), str(price.since), money_text(rates.input), money_text(rates.cache_read), output, above
        )
    return table
