"""What line-ups say, held against settings, prices and themselves.

The active line-up must resolve fully. Another one may name an upstream or a price that is gone: then it is set aside with a
warning, its pins do not resolve, and nothing else suffers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from triplepoint.files.checked import Reading
from triplepoint.files.nearest import suggest
from triplepoint.foundation.errors import Problem
from triplepoint.lineups.model import Capability, FixedRouter, Lineup, Model, Rule, RulesRouter, Target
from triplepoint.lineups.resolve import AUTO
from triplepoint.lineups.rules import unreachable
from triplepoint.pricing.book import PriceBook
from triplepoint.settings import AnthropicUpstream, LocalUpstream, Settings

_NEEDED = (("tools", Capability.TOOLS), ("json_output", Capability.JSON), ("images", Capability.IMAGES))
"""Conditions of a rule, and what the model that it uses must therefore be capable of."""

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


def check(lineups: Mapping[str, Reading[Lineup]], settings: Settings | None, book: PriceBook, today: date) -> Findings:
    """Check every line-up.

    Args:
        lineups: By the name of their file without its ending.
        settings: None where that file is wrong: then names of upstreams are not looked up.
        book, today: Prices, and the day on which they must be in force.
    """
    problems: list[Problem] = []
    warnings: list[Problem] = []
    whole: set[str] = set()
    upstreams: dict[str, frozenset[str]] = {}
    for name, reading in lineups.items():
        if reading.value is None:
            continue
        own = list(_within(name, reading, reading.value))
        outward = list(_outward(reading, reading.value, settings, book, today))
        is_active = settings is None or settings.lineup == name
        problems += own + (outward if is_active else [])
        warnings += [] if is_active else outward
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
    yield from _router(reading, lineup)


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


def _router(reading: Reading[Lineup], lineup: Lineup) -> Iterator[Problem]:
    router = lineup.router
    if router is None:
        return
    if router.default not in lineup.models:
        yield reading.problem(("router", "default"), *_no_model(router.default, lineup))
    if isinstance(router, FixedRouter):
        return
    for position, rule in enumerate(router.rules):
        yield from _rule(reading, lineup, position, rule)
    yield from _unreachable(reading, router)


def _rule(reading: Reading[Lineup], lineup: Lineup, position: int, rule: Rule) -> Iterator[Problem]:
    path = ("router", "rules", position)
    model = lineup.models.get(rule.use)
    if model is None:
        yield reading.problem((*path, "use"), *_no_model(rule.use, lineup))
        return
    for condition, capability in _NEEDED:
        if getattr(rule.when, condition) is True and capability not in model.capabilities:
            fix = f"add {capability} to models.{rule.use}.capabilities, or use another model"
            yield reading.problem((*path, "use"), f"asks for {capability}, which {rule.use} is not capable of", fix)


def _unreachable(reading: Reading[Lineup], router: RulesRouter) -> Iterator[Problem]:
    for dead in unreachable(router.rules):
        path = ("router", "rules", dead.position)
        if dead.contradicts_itself:
            yield reading.problem(
                path, "can never hold: its least is above its most", "correct min_input_tokens or max_input_tokens"
            )
            continue
        by = "the rules before it together hold" if dead.shadowed_by is None else f"rule {dead.shadowed_by + 1} holds"
        fix = (
            "remove it, or move it before them"
            if dead.shadowed_by is None
            else f"remove it, or move it before rule {dead.shadowed_by + 1}"
        )
        yield reading.problem(path, f"rule {dead.position + 1} is never reached: whenever it holds, {by} first", fix)


def _no_model(name: str, lineup: Lineup) -> tuple[str, str]:
    if name in lineup.aliases:
        return f"{name} is an alias", f"write the model: {lineup.aliases[name]}"
    return f"there is no model {name}", suggest(name, lineup.models, "models")


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
