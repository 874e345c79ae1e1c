"""The active line-up, drawn: its models in order with upstreams and prices, aliases, router, and what to know about it."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from triplepoint.console.formats import count_text
from triplepoint.console.markup import Markup, join, tag
from triplepoint.telemetry.status import GatewayStatus

_RATES = (
    ("input", "input_usd_per_mtok"),
    ("output", "output_usd_per_mtok"),
    ("cache read", "cache_read_usd_per_mtok"),
    ("cache write", "cache_write_usd_per_mtok"),
    ("1 h cache write", "cache_write_1h_usd_per_mtok"),
)


class _Target(msgspec.Struct, frozen=True):
    upstream: str
    model: str
    price: str


class _Model(msgspec.Struct, frozen=True):
    upstreams: list[_Target]
    context_tokens: int
    max_output_tokens: int
    capabilities: list[str]
    about: str = ""


class _Rule(msgspec.Struct, frozen=True):
    when: dict[str, Any]
    use: str
    why: str


class _Scorer(msgspec.Struct, frozen=True):
    file: str
    sha256: str


class _Router(msgspec.Struct, frozen=True):
    kind: str
    default: str
    rules: list[_Rule] = []
    scorer: _Scorer | None = None
    weak: str = ""
    strong: str = ""
    threshold: float = 0.0
    thrift: int = 0


class Described(msgspec.Struct, frozen=True):
    """A line-up as the control plane describes it (``/api/lineup``)."""

    lineup: str
    hash: str
    models: dict[str, _Model]
    aliases: dict[str, str] = {}
    router: _Router | None = None
    prices: dict[str, str] = {}
    """Id of the row in force, by the name of the price."""
    rates: dict[str, dict[str, Any]] = {}
    """That row, by the name of the price."""
    warnings: list[str] = []


def read_described(value: object) -> Described:
    """Read what the control plane describes."""
    return msgspec.convert(value, Described)


def draw_lineup(described: Described, status: GatewayStatus | None) -> Markup:
    """Draw a line-up.

    Args:
        described: The line-up in the files.
        status: Of the gateway, which may still serve another one.
    """
    return join(
        tag(
            "header",
            tag("h1", "Line-up ", tag("em", described.lineup)),
            tag("p", "hash ", tag("code", described.hash), class_="strip"),
        ),
        _difference(described, status),
        *(tag("p", text, class_="alarm mild") for text in described.warnings),
        tag("section", tag("h2", "Models"), tag("p", "Weakest first.", class_="hint"), _models(described), class_="card"),
        tag("section", tag("h2", "Aliases"), _aliases(described.aliases), class_="card"),
        tag("section", tag("h2", "Router"), _router(described.router), class_="card"),
        tag("p", tag("a", "This line-up as JSON", href="/api/lineup"), class_="twin"),
    )


def draw_problems(problems: Sequence[str]) -> Markup:
    """Draw what stands where the files are wrong."""
    return join(
        tag("h1", "Line-up"),
        tag(
            "div",
            tag("p", tag("strong", "The files are wrong."), " A running gateway goes on with the line-up that it has loaded."),
            tag("ul", *(tag("li", tag("pre", problem)) for problem in problems)),
            tag("p", "Correct them and run ", tag("code", "triplepoint check"), "."),
            class_="alarm",
        ),
    )


def _difference(described: Described, status: GatewayStatus | None) -> Markup | None:
    if status is None:
        return tag("p", tag("strong", "No gateway answers."), " This is what the files say; nothing serves it.", class_="alarm")
    if status.lineup_hash == described.hash:
        return None
    serving = join(tag("code", f"{status.lineup} {status.lineup_hash}"))
    apply = tag("code", "triplepoint lineup apply")
    return tag(
        "p",
        tag("strong", "Not applied."),
        " The gateway still serves ",
        serving,
        "; ",
        apply,
        " swaps it.",
        class_="alarm mild",
    )


def _models(described: Described) -> Markup:
    return tag("ol", *(_model(name, model, described) for name, model in described.models.items()), class_="models")


def _model(name: str, model: _Model, described: Described) -> Markup:
    sizes = f"{count_text(model.context_tokens)} tokens of context, answers up to {count_text(model.max_output_tokens)}"
    return tag(
        "li",
        tag("h3", name),
        tag("p", model.about) if model.about else None,
        tag("p", sizes, " ", *(tag("span", word, class_="label") for word in model.capabilities), class_="hint"),
        tag(
            "div",
            _targets(model.upstreams, described),
            class_="scroll",
            tabindex="0",
            role="region",
            aria_label=f"Upstreams of {name}",
        ),
    )


def _targets(targets: Sequence[_Target], described: Described) -> Markup:
    used = [
        (label, field) for label, field in _RATES if any(field in described.rates.get(target.price, {}) for target in targets)
    ]
    heads = ("Upstream", "Model there", *(f"{label}, $ / million" for label, _ in used), "Price row")
    rows = (_target(index, target, [field for _, field in used], described) for index, target in enumerate(targets))
    return tag(
        "table",
        tag("thead", tag("tr", *(tag("th", text, scope="col", class_="rate" if "$" in text else None) for text in heads))),
        tag("tbody", *rows),
        class_="figures targets",
    )


def _target(index: int, target: _Target, fields: Sequence[str], described: Described) -> Markup:
    row = described.rates.get(target.price, {})
    rates = (tag("td", str(row[field]) if field in row else "–", class_="rate") for field in fields)
    more = _more(row)
    return tag(
        "tr",
        tag("th", target.upstream, tag("span", " fallback", class_="kind") if index else None, scope="row"),
        tag("td", tag("code", target.model)),
        *rates,
        tag("td", tag("code", described.prices.get(target.price, f"{target.price}: unpriced")), more),
    )


def _more(row: Mapping[str, Any]) -> Markup | None:
    """Say what the rates alone do not: dearer long contexts, and what is charged beside."""
    tiers = [f"other rates above {count_text(tier['above_input_tokens'])} input tokens" for tier in row.get("tiers", ())]
    beside = [f"without {what}" for what in row.get("excludes", ())]
    notes = [*tiers, *beside]
    return tag("span", "; ".join(notes), class_="hint") if notes else None


def _aliases(aliases: Mapping[str, str]) -> Markup:
    if not aliases:
        return tag("p", "None: each model answers to its own name only.", class_="hint")
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", model)) for name, model in aliases.items()), class_="facts")


def _router(router: _Router | None) -> Markup:
    if router is None:
        return tag("p", "None: the name ", tag("code", "auto"), " is unknown.", class_="hint")
    if router.scorer is not None:
        return join(tag("p", tag("code", "auto"), *_learnt(router)), _unsure(router, router.scorer))
    rules = (
        tag("li", tag("strong", rule.use), tag("span", _condition(rule.when)), tag("span", rule.why, class_="hint"))
        for rule in router.rules
    )
    start = "Otherwise " if router.rules else "Always "
    return join(
        tag("p", tag("code", "auto"), " is decided by the first rule that holds.", class_="hint") if router.rules else None,
        tag("ol", *rules, class_="rules") if router.rules else None,
        tag("p", start, tag("strong", router.default), "."),
    )


def _learnt(router: _Router) -> tuple[str | Markup, ...]:
    if router.kind == "threshold":
        weak, strong = tag("strong", router.weak), tag("strong", router.strong)
        risk = f" would give a bad answer and it a good one with a probability of {router.threshold:g} or more, else "
        return (" is ", strong, " where ", weak, risk, weak, ".")
    return (f" is the model whose expected answer is worth most after what it takes, at thrift {router.thrift}.",)


def _unsure(router: _Router, scorer: _Scorer) -> Markup:
    file = tag("code", scorer.file, title=scorer.sha256)
    return tag("p", "By ", file, "; a request unlike all that it has learnt goes to ", tag("strong", router.default), ".")


def _condition(when: Mapping[str, Any]) -> str:
    """Write a rule's condition in words."""
    words = {True: "", False: "no "}
    parts: list[str] = []
    for name, value in when.items():
        said = name.replace("_", " ")
        if isinstance(value, bool):
            parts.append(f"{words[value]}{said}")
        else:
            bound = "at least" if name.startswith("min_") else "at most"
            parts.append(f"{bound} {count_text(value)} {said.split(' ', 1)[1]}")
    return " and ".join(parts)
