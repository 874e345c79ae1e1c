"""``triplepoint price``: what the price book says, what a use costs, and what another book says otherwise."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Never

import typer
from rich.console import Console
from rich.markup import escape

from triplepoint.cli import price_views as views
from triplepoint.configuration.load import PRICES, load_book, read_prices, whole_book
from triplepoint.files.nearest import suggest
from triplepoint.files.seed import seed_folder
from triplepoint.foundation.errors import SettingsInvalid
from triplepoint.foundation.usage import Usage
from triplepoint.pricing.book import PriceBook
from triplepoint.pricing.compare import compare as compare_books
from triplepoint.pricing.names import Resolved, Unresolved
from triplepoint.pricing.review import review

app = typer.Typer(help="The price book: US dollars for a million tokens, by model and day.", no_args_is_help=True)

_FAILED = 1
_WRONG_FILES = 2

Folder = Annotated[
    Path | None,
    typer.Option("--dir", "-C", help="Folder with prices/; without, the current one, or the book that ships with Triplepoint."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]
At = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day (UTC); today without.")]
Model = Annotated[str, typer.Argument(help="PROVIDER/MODEL as in the book, or a name that means one: gpt-4o, a dated name.")]


@app.command()
def show(model: Model, at: At = None, folder: Folder = None, as_json: AsJson = False) -> None:
    """Show the price of a model on a day, and all prices that it ever had."""
    book, day = _book(folder), _day(at)
    found = _resolved(book, model, day)
    history, price = book.history(found.model), book.price(found.model, day)
    if as_json:
        document = {
            "asked": model,
            "model": found.model,
            "taken_because": found.how or None,
            "at": day.isoformat(),
            "price": None if price is None else views.plain(price),
            "history": [views.plain(one) for one in history],
        }
        print(json.dumps(document, indent=2))
        return
    console = Console(highlight=False)
    if found.how:
        console.print(f"{escape(model)} is {escape(found.model)} here: {escape(found.how)}", soft_wrap=True)
    console.print(views.in_force(history, price, day), soft_wrap=True)
    console.print(views.history(history, price))
    for line in views.beside(price):
        console.print(escape(line), soft_wrap=True)


@app.command("list")
def list_(
    provider: Annotated[str | None, typer.Option(help="Only models of this provider.")] = None,
    at: At = None,
    folder: Folder = None,
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
        document = {"digest": book.digest, "at": day.isoformat(), "prices": [views.plain(price) for price in prices]}
        print(json.dumps(document, indent=2))
    else:
        console = Console(highlight=False)
        console.print(views.listing(prices))
        console.print(f"book {book.digest[:12]}")


@app.command()
def cost(
    model: Model,
    input_tokens: Annotated[int, typer.Option(min=0, help="Whole input, cached parts included.")],
    output_tokens: Annotated[int, typer.Option(min=0, help="Whole output, reasoning included.")],
    cached: Annotated[int, typer.Option(min=0, help="Part of the input read from the prompt cache.")] = 0,
    cache_write: Annotated[int, typer.Option(min=0, help="Part of the input written to the prompt cache.")] = 0,
    cache_write_1h: Annotated[int, typer.Option(min=0, help="Part of that which is kept for an hour.")] = 0,
    reasoning: Annotated[int, typer.Option(min=0, help="Part of the output that is reasoning.")] = 0,
    input_audio: Annotated[int, typer.Option(min=0, help="Part of the input that is sound, in tokens.")] = 0,
    output_audio: Annotated[int, typer.Option(min=0, help="Part of the output that is sound, in tokens.")] = 0,
    web_searches: Annotated[int, typer.Option(min=0, help="Searches that the vendor makes.")] = 0,
    images: Annotated[int, typer.Option(min=0, help="Pictures made, where charged by the picture.")] = 0,
    tier: Annotated[str | None, typer.Option(help="Service tier: batch, flex, priority, fast; standard without.")] = None,
    at: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="Moment (UTC), for prices that depend on it; now without."),
    ] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Work out what a use costs, line by line, and the most that one of that size could. Exits with 1 where it is unknown."""
    usage = Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cache_read_tokens=cached,
        cache_write_tokens=max(cache_write, cache_write_1h),
        cache_write_1h_tokens=cache_write_1h,
        reasoning_tokens=reasoning,
        input_audio_tokens=input_audio,
        output_audio_tokens=output_audio,
        web_searches=web_searches,
        images=images,
        service_tier=None if tier in {None, "standard", "default"} else tier,
    )
    book, moment = _book(folder), datetime.now(UTC) if at is None else at.replace(tzinfo=UTC)
    found = _resolved(book, model, moment.date())
    price = book.price(found.model, moment.date())
    if price is None:
        _fail(f"{found.model} has no price on {moment.date()}; 'triplepoint price show {found.model}' tells its history")
    at_us = int(moment.timestamp()) * 1_000_000
    reckoned, why = price.cost(usage, at_us), price.why_unknown(usage, at_us)
    worst = price.worst_usd(input_tokens, output_tokens, web_searches=web_searches, images=images)
    if as_json:
        print(json.dumps(views.cost_document(price, reckoned, why, worst) | {"asked": model}, indent=2))
    else:
        console = Console(highlight=False)
        for line in views.cost_lines(price, reckoned, why, worst):
            console.print(line, soft_wrap=True)
    if reckoned is None:
        raise typer.Exit(_FAILED)


@app.command()
def diff(
    other: Annotated[Path, typer.Argument(help="The newer book: a price file, or a folder of them.")],
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Review a newer book before it is taken: what it adds, and what it would change and may not, which exits with 1."""
    _must_exist(other)
    files = read_prices(other)
    present = _book(folder)
    _whole(lambda: whole_book(files))
    found = review(present, [reading.value for reading in files if reading.value is not None])
    if as_json:
        print(json.dumps(views.review_document(present, found), indent=2))
    else:
        console = Console(highlight=False)
        for line in views.review_lines(found):
            console.print(line, soft_wrap=True)
    if not found.is_acceptable:
        raise typer.Exit(_FAILED)


@app.command()
def compare(
    one: Annotated[Path, typer.Argument(help="A book: a price file, or a folder of them.")],
    other: Annotated[Path, typer.Argument(help="Another.")],
    at: At = None,
    ever: Annotated[bool, typer.Option("--ever", help="Compare every day that both books price, not one.")] = False,
    as_json: AsJson = False,
) -> None:
    """Report where two books charge differently for the same model on the same day. Exits with 1 where they do."""
    _must_exist(one)
    _must_exist(other)
    books = [_whole(lambda path=path: whole_book(read_prices(path))) for path in (one, other)]
    day = None if ever else _day(at)
    found = compare_books(books[0], books[1], day)
    if as_json:
        print(json.dumps(views.comparison_document(books, found, day), indent=2))
    else:
        console = Console(highlight=False)
        for line in views.comparison_lines(found):
            console.print(line, soft_wrap=True)
    if found.disagreements:
        raise typer.Exit(_FAILED)


def _must_exist(path: Path) -> None:
    if not path.exists():
        _fail(f"{path} is not there", _WRONG_FILES)


def _book(folder: Path | None) -> PriceBook:
    if folder is None:
        folder = Path() if (Path() / PRICES).is_dir() else seed_folder()
    return _whole(lambda: load_book(folder))


def _whole(load: Callable[[], PriceBook]) -> PriceBook:
    try:
        return load()
    except SettingsInvalid as error:
        _fail(error.message, _WRONG_FILES, cause=error)


def _resolved(book: PriceBook, name: str, day: date) -> Resolved:
    found = book.resolve(name, day)
    if not isinstance(found, Unresolved):
        return found
    hint = f"name one of them: {', '.join(found.candidates)}" if found.candidates else suggest(name, book.models(), "models")
    return _fail(f"{found.why}; {hint}")


def _day(at: datetime | None) -> date:
    return datetime.now(UTC).date() if at is None else at.date()


def _fail(message: str, code: int = _FAILED, *, cause: Exception | None = None) -> Never:
    Console(stderr=True, highlight=False).print(escape(message), soft_wrap=True)
    raise typer.Exit(code) from cause
