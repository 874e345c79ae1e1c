"""What line-ups say, held against settings, prices and themselves.

The active line-up must resolve fully. Another one may name an upstream or a price that is gone: then it is set aside with a
warning, its pins do not resolve, and nothing else suffers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from triplepoint.configuration.check_routers import check_router
from triplepoint.configuration.scorers import ScorerReading
from triplepoint.files.checked import Reading
from triplepoint.files.nearest import suggest
from triplepoint.foundation.errors import Problem
from triplepoint.lineups.model import Capability, Lineup, Model, Target
from triplepoint.lineups.resolve import AUTO
from triplepoint.pricing.book import PriceBook
from triplepoint.settings import AnthropicUpstream, LocalUpstream, Settings

_TALKS = frozenset(Capability) - {Capability.EMBEDDINGS}


@dataclass(frozen=True, slots=True)
class Findings:
    """What came of checking all line-ups."""

    problems: list[Problem] = field(default_factory=list[Problem])
    warnings: list[Problem] = field(default_factory=list[Problem])
    whole: frozenset[str] = frozenset()
    """Names of line-ups in which everything resolves."""
    upstreams: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Upstreams that each line-up uses."""


def check(
    lineups: Mapping[str, Reading[Lineup]],
    settings: Settings | None,
    book: PriceBook,
    today: date,
    scorers: Mapping[str, ScorerReading],
) -> Findings:
    """Check every line-up.

    Args:
        lineups: By the name of their file without its ending.
        settings: None where that file is wrong: then names of upstreams are not looked up.
        book, today: Prices, and the day on which they must be in force.
        scorers: What each line-up's router has learnt.
    """
    problems: list[Problem] = []
    warnings: list[Problem] = []
    whole: set[str] = set()
    upstreams: dict[str, frozenset[str]] = {}
    for name, reading in lineups.items():
        if reading.value is None:
            continue
        own = list(_within(name, reading, reading.value))
        outward = [*_outward(reading, reading.value, settings, book, today), *scorers[name].problems]
        is_active = settings is None or settings.lineup == name
        problems += own + (outward if is_active else [])
        warnings += scorers[name].warnings if is_active else outward
        upstreams[name] = frozenset(target.upstream for model in reading.value.models.values() for target in model.upstreams)
        if not own and not outward:
            whole.add(name)
    return Findings(problems, warnings, frozenset(whole), upstreams)


def _within(name: str, reading: Reading[Lineup], lineup: Lineup) -> Iterator[Problem]:
    if lineup.lineup != name:
        yield reading.problem(
            ("lineup",), f"{lineup.lineup!r} is not the file's name", f"write lineup: {name}, or rename the file"
        )
    for model_name, model in lineup.models.items():
        if model_name == AUTO:
            yield reading.problem(("models", AUTO), "'auto' is the router's name", "name the model otherwise")
        yield from _model(reading, model_name, model)
    yield from _aliases(reading, lineup)
    yield from check_router(reading, lineup)


def _model(reading: Reading[Lineup], name: str, model: Model) -> Iterator[Problem]:
    path = ("models", name)
    if "max_output_tokens" in model.model_fields_set and model.max_output_tokens > model.context_tokens:
        fix = f"write at most {model.context_tokens}"
        yield reading.problem((*path, "max_output_tokens"), "longer than the context, which holds prompt and answer", fix)
    if not model.capabilities:
        yield reading.problem((*path, "capabilities"), "is empty", f"name at least one of {', '.join(Capability)}")
    yield from _retirement(reading, (*path, "retires"), name, model)
    seen: set[tuple[str, str]] = set()
    for position, target in enumerate(model.upstreams):
        if (target.upstream, target.model) in seen:
            message = f"{target.model} at {target.upstream} is listed twice"
            yield reading.problem((*path, "upstreams", position), message, "remove one of them")
        seen.add((target.upstream, target.model))


def _retirement(reading: Reading[Lineup], path: tuple[str | int, ...], name: str, model: Model) -> Iterator[Problem]:
    retires, lineup = model.retires, reading.value
    if retires is None or lineup is None:
        return
    if retires.on <= retires.notice:
        fix = f"write a day after {retires.notice}, so that callers have time to change"
        yield reading.problem((*path, "on"), "ends before its notice has begun", fix)
    if retires.successor is None:
        return
    if retires.successor not in lineup.models and retires.successor not in lineup.aliases:
        fix = suggest(retires.successor, [*lineup.models, *lineup.aliases], "models and aliases")
        yield reading.problem((*path, "successor"), f"there is no model {retires.successor}", fix)
    elif lineup.aliases.get(retires.successor, retires.successor) == name:
        yield reading.problem((*path, "successor"), "names the model that retires", "name another model, or leave it out")


def _aliases(reading: Reading[Lineup], lineup: Lineup) -> Iterator[Problem]:
    for alias, model in lineup.aliases.items():
        path = ("aliases", alias)
        if alias == AUTO:
            yield reading.problem(path, "'auto' is the router's name", "name the alias otherwise")
        elif alias in lineup.models:
            yield reading.problem(path, f"{alias} is a model already", "name the alias otherwise, or remove it")
        elif model in lineup.aliases:
            yield reading.problem(path, f"{model} is an alias itself", f"write {alias}: {lineup.aliases[model]}")
        elif model not in lineup.models:
            yield reading.problem(path, f"there is no model {model}", suggest(model, lineup.models, "models"))


def _outward(
    reading: Reading[Lineup], lineup: Lineup, settings: Settings | None, book: PriceBook, today: date
) -> Iterator[Problem]:
    for name, model in lineup.models.items():
        for position, target in enumerate(model.upstreams):
            path = ("models", name, "upstreams", position)
            yield from _price(reading, (*path, "price"), model, target, book, today)
            if settings is not None:
                yield from _upstream(reading, (*path, "upstream"), model, target, settings)


def _price(
    reading: Reading[Lineup], path: tuple[str | int, ...], model: Model, target: Target, book: PriceBook, today: date
) -> Iterator[Problem]:
    price = book.price(target.price, today)
    if price is not None:
        if price.rates[0].output is None and not _TALKS.isdisjoint(model.capabilities):
            fix = "name a row with output_usd_per_mtok, or leave only embeddings among the capabilities"
            yield reading.problem(path, f"{price.id} has no price for output", fix)
        return
    history = book.history(target.price)
    if history and history[-1].until is not None and history[-1].until < today:
        message = f"{target.price} has had no price since {history[-1].until}"
        yield reading.problem(path, message, "name another row, or add one for it in prices/ that holds now")
        return
    if history:
        message, since = f"{target.price} has no price before {history[0].since}", history[0].since
        yield reading.problem(
            path, message, f"add a row for it in prices/ with a day before {since}, or correct this machine's date"
        )
        return
    row = f'- {{model: {target.price}, since: {today}, input_usd_per_mtok: "…", output_usd_per_mtok: "…"}}'
    known = suggest(target.price, book.models(), "priced models")
    yield reading.problem(path, f"{target.price} has no price", f"{known}; or add a row to a file in prices/: {row}")


def _upstream(
    reading: Reading[Lineup], path: tuple[str | int, ...], model: Model, target: Target, settings: Settings
) -> Iterator[Problem]:
    upstream = settings.upstreams.get(target.upstream)
    if upstream is None:
        fix = suggest(target.upstream, settings.upstreams, "upstreams in triplepoint.yaml")
        yield reading.problem(path, f"there is no upstream {target.upstream}", fix)
    elif isinstance(upstream, LocalUpstream) and upstream.context_tokens < model.context_tokens:
        message = (
            f"{target.upstream} runs with a context of {upstream.context_tokens}, less than the model's {model.context_tokens}"
        )
        fix = f"write context_tokens: {upstream.context_tokens} for the model, or raise it for the upstream"
        yield reading.problem(path, message, fix)
    elif isinstance(upstream, AnthropicUpstream) and Capability.EMBEDDINGS in model.capabilities:
        fix = "take embeddings out of its capabilities, or name another upstream"
        yield reading.problem(path, f"{target.upstream} speaks Anthropic's API, which has no embeddings", fix)
