"""Writes ``prices/2026-11-20-genai-prices.yaml`` from the package genai-prices.

Run ``python tools/seed_prices.py`` with the version named below installed; the output depends on that and on the history file
beside it, and on nothing else. Models that this price book cannot express exactly are left out and listed at the end with the
reason: better unpriced than priced wrongly. Models that the history file tells begin here on the day after it ends.

The book is append-only. To follow a newer version of the source, write a further file with the rows that changed (see
``docs/how-to``); never write this one anew with other numbers.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

from genai_prices.data import providers
from genai_prices.types import (
    ClauseEquals,
    ClauseOr,
    ClauseStartsWith,
    ConditionalPrice,
    ModelInfo,
    Provider,
    StartDateConstraint,
    TieredPrices,
)

from triplepoint.files.checked import read_file
from triplepoint.foundation.money import money_text
from triplepoint.pricing.model import PriceFile, PriceRow
from triplepoint.pricing.price import canonical_row

VERSION = "0.2.3"
COLLECTED = date(2026, 11, 20)
UNDATED = date(2020, 1, 1)
"""The source holds an undated price for valid at any time before its next one; this day stands for that."""
FOLDER = Path(__file__).parent.parent / "prices"
PATH = FOLDER / "2026-11-20-genai-prices.yaml"
HISTORY = FOLDER / "2026-10-11-history.yaml"

VENDORS = (
    "anthropic", "azure", "cerebras", "cohere", "deepseek", "fireworks", "google", "groq", "minimax", "mistral", "moonshotai",
    "openai", "openrouter", "perplexity", "together", "voyageai", "x-ai", "zai",
)  # fmt: skip
"""Vendors that an upstream of ours can call; resellers with protocols of their own are left out."""

_OURS = {
    "input_mtok": "input_usd_per_mtok",
    "output_mtok": "output_usd_per_mtok",
    "output_reasoning_mtok": "reasoning_usd_per_mtok",
    "cache_read_mtok": "cache_read_usd_per_mtok",
    "cache_write_mtok": "cache_write_usd_per_mtok",
    "cache_write_1h_mtok": "cache_write_1h_usd_per_mtok",
    "input_audio_mtok": "input_audio_usd_per_mtok",
    "cache_audio_read_mtok": "cache_read_audio_usd_per_mtok",
    "output_audio_mtok": "output_audio_usd_per_mtok",
    "input_image_mtok": "input_image_usd_per_mtok",
    "output_image_mtok": "output_image_usd_per_mtok",
}
_FEES = {"web_searches_kcount": "usd_per_web_search"}
"""The source prices a thousand of them, we one."""
_BESIDE = {
    "storage_searches_kcount": "file searches ({} for 1000)",
    "cache_image_read_mtok": "cached pictures ({} for a million tokens)",
    "input_video_mtok": "video input ({} for a million tokens)",
    "output_video_mtok": "video output ({} for a million tokens)",
    "audio_hours": "audio ({} for an hour)",
    "input_audio_hours": "audio input ({} for an hour)",
}
"""What a caller may use beside all this, and is then charged apart: the row holds without it, and says so."""
_FREE = frozenset({
    "google/gemma-3", "google/gemma-3n", "google/gemma-4-26b-a4b-it", "google/gemma-4-31b-it", "openai/moderation",
})  # fmt: skip
"""Models without any rate in the source because the vendor asks nothing for them, as are those whose names end in ``:free``."""
_MOST_DECIMALS = 9
_ZERO = Decimal(0)
_TIER_CONTEXTS = {("processing", "batch"): "batch", ("speed", "fast"): "fast"}
"""What the source calls a request's context, and the service tier under which our dialects report it."""

Given = Mapping[str, Decimal | TieredPrices]


@dataclass(frozen=True)
class Skipped:
    """A model left out."""

    name: str
    reason: str


@dataclass(frozen=True)
class State:
    """What the source says of a model on a day."""

    standard: Given
    service_tiers: Mapping[str, Given]
    """What differs from standard processing."""


def main() -> None:
    """Write the file, or check that it is what would be written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file differs")
    arguments = parser.parse_args()
    if version("genai-prices") != VERSION:
        sys.exit(f"genai-prices {VERSION} is wanted, {version('genai-prices')} is installed")
    text = render()
    if not arguments.check:
        PATH.write_text(text, encoding="utf-8")
    elif PATH.read_text(encoding="utf-8") != text:
        sys.exit(f"{PATH.name} is not what tools/seed_prices.py writes")


def render() -> str:
    """Return the whole file."""
    history = read_file(HISTORY, PriceFile, name=HISTORY.name).value
    if history is None:
        sys.exit(f"{HISTORY.name} has problems: run triplepoint check")
    rows: list[str] = []
    skipped: list[Skipped] = []
    for provider in sorted(providers, key=lambda provider: provider.id):
        if provider.id in VENDORS:
            rows += ["", f"  # {provider.name}"]
            for name, model in _models(provider, history):
                result = _rows(name, model, provider, history)
                if isinstance(result, Skipped):
                    skipped.append(result)
                else:
                    rows += result
    return "\n".join([*_head(), *rows, *_tail(skipped)]) + "\n"


def _head() -> list[str]:
    return [
        "# yaml-language-server: $schema=../schemas/prices.schema.json",
        "#",
        "# Prices of hosted models, US dollars for a million tokens. Written by tools/seed_prices.py; not edited by hand.",
        f"# A row since {UNDATED} is undated in the source, which holds it for valid until the model's next row.",
        f"# Models that {HISTORY.name} tells begin here on the day after it ends, where anything has changed or come.",
        "# Service tiers begin on the day on which the source first checked them; what they cost before is unknown.",
        "# xAI charges long-context rates from 200,000 tokens on, all others above their start; the tiers say so.",
        "# 'excludes' names what the vendor charges beside all this; a request that uses it costs more than the book says.",
        "",
        f"source: genai-prices {VERSION} (pydantic/genai-prices), MIT licence",
        f"collected: {COLLECTED}",
        "prices:",
    ]


def _tail(skipped: list[Skipped]) -> list[str]:
    lines = ["", f"# Left out, because this book cannot express them exactly ({len(skipped)}):"]
    for reason, group in groupby(sorted(skipped, key=lambda skip: (skip.reason, skip.name)), key=lambda skip: skip.reason):
        lines.append(f"# - {reason}:")
        lines += [f"#     {skip.name}" for skip in group]
    return lines


def _models(provider: Provider, history: PriceFile) -> Iterator[tuple[str, ModelInfo]]:
    """Yield each model by its name, and under a further name each that the history tells apart from it."""
    named = {f"{provider.id}/{model.id}": model for model in provider.models}
    for row in history.prices:
        vendor, _, name = row.model.partition("/")
        if vendor == provider.id and row.model not in named:
            named[row.model] = next(model for model in provider.models if model.is_match(name))
    yield from sorted(named.items())


def _rows(name: str, model: ModelInfo, provider: Provider, history: PriceFile) -> list[str] | Skipped:
    if any(character.isspace() for character in name):
        return Skipped(name, "the name holds a space")
    told = [row for row in history.prices if row.model == name]
    if any(not _is_dated(conditional) for conditional in _conditionals(model)):
        return [] if told else Skipped(name, "the price depends on the time of day")
    rows: list[str] = []
    said: dict[str, object] = {} if not told else _numbers(max(told, key=lambda row: row.since))
    days = _days(model, after=history.collected if told else None)
    for day in days:
        state = _state(model, day) if not _is_free(name, model) else State({"input_mtok": _ZERO, "output_mtok": _ZERO}, {})
        reason = _inexpressible(state)
        if reason is not None:
            return Skipped(name, reason)
        also = _also(model, provider, history) if day == days[-1] and name == f"{provider.id}/{model.id}" else []
        numbers = _numbers(_checked(name, day, state))
        if numbers != said or also:
            rows.append(_row(name, day, state, also, model))
        said = numbers
    return rows


def _conditionals(model: ModelInfo) -> list[ConditionalPrice]:
    return model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]


def _is_dated(conditional: ConditionalPrice) -> bool:
    return conditional.constraint is None or isinstance(conditional.constraint, StartDateConstraint)


def _days(model: ModelInfo, *, after: date | None) -> list[date]:
    """Return the days on which something of a model changes in the source."""
    dated = [*_conditionals(model), *(model.price_variants or ())]
    days = {one.constraint.start_date for one in dated if isinstance(one.constraint, StartDateConstraint)} | {UNDATED}
    if after is None:
        return sorted(days)
    return sorted({day for day in days if day > after} | {after + timedelta(days=1)})


def _state(model: ModelInfo, day: date) -> State:
    """Read the source on a day, as it is read there: of standard prices the last that has begun, of variants the first."""
    begun = [one for one in _conditionals(model) if _has_begun(one.constraint, day)]
    variants: dict[str, dict[str, Decimal | TieredPrices]] = {}
    for variant in model.price_variants or ():
        tier = _tier_of(variant.when)
        if tier is not None and _has_begun(variant.constraint, day):
            own = variants.setdefault(tier, {})
            for key, price in vars(variant.prices).items():
                if price is not None:
                    own.setdefault(key, price)
    standard = {key: value for key, value in vars((begun or _conditionals(model)[:1])[-1].prices).items() if value is not None}
    return State(standard, dict(sorted(variants.items())))


def _is_free(name: str, model: ModelInfo) -> bool:
    """Tell whether a model costs nothing: it is known to, and the source has no rate for it on any day."""
    has_rates = any(value is not None for one in _conditionals(model) for value in vars(one.prices).values())
    return not has_rates and (name in _FREE or name.endswith(":free"))


def _has_begun(constraint: object, day: date) -> bool:
    return constraint is None or (isinstance(constraint, StartDateConstraint) and constraint.start_date <= day)


def _tier_of(when: Mapping[str, str]) -> str | None:
    (condition,) = when.items() if len(when) == 1 else [("", "")]
    if condition[0] == "service_tier":
        return None if condition[1] == "default" else condition[1]
    return _TIER_CONTEXTS.get(condition)


def _inexpressible(state: State) -> str | None:
    given = dict(state.standard)
    every: list[Given] = [given, *({**given, **own} for own in state.service_tiers.values())]
    foreign = sorted({key for one in every for key in one} - set(_OURS) - set(_FEES) - set(_BESIDE))
    if foreign:
        return f"priced by {', '.join(foreign)}"
    if "input_mtok" not in given:
        return "no price for input tokens"
    if any(_decimals(rate) > _MOST_DECIMALS for one in every for price in one.values() for rate in _all(price)):
        return f"more than {_MOST_DECIMALS} decimals, which is rounding noise in the source"
    if any(len({tuple(_starts({key: price})) for key, price in one.items() if _starts({key: price})}) > 1 for one in every):
        return "tiers of different starts"
    return None


def _all(price: Decimal | TieredPrices) -> list[Decimal]:
    return [price.base, *(tier.price for tier in price.tiers)] if isinstance(price, TieredPrices) else [price]


def _starts(given: Given) -> list[int]:
    return next(
        ([tier.start for tier in price.tiers] for price in given.values() if isinstance(price, TieredPrices)), list[int]()
    )


def _decimals(rate: Decimal) -> int:
    exponent = rate.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else sys.maxsize


def _also(model: ModelInfo, provider: Provider, history: PriceFile) -> list[str]:
    """Return the further names by which the source knows this very model, whole names only."""
    clauses = model.match.or_ if isinstance(model.match, ClauseOr) else [model.match]
    names = {clause.equals for clause in clauses if isinstance(clause, ClauseEquals)}
    names |= {clause.starts_with for clause in clauses if isinstance(clause, ClauseStartsWith)}
    taken = {one.id for one in provider.models} | {row.model.partition("/")[2] for row in history.prices}
    own = [name for name in names - taken if not any(character.isspace() for character in name)]
    return sorted(name for name in own if next(one for one in provider.models if one.is_match(name)) is model)


def _checked(name: str, day: date, state: State) -> PriceRow:
    """Return a row as the book will read it, to tell whether it says anything new."""
    fields: dict[str, object] = {"model": name, "since": day, **_plain(state.standard)}
    fields["service_tiers"] = {
        tier: {**_plain({**own}), "tiers": _tiers({**state.standard, **own})} for tier, own in state.service_tiers.items()
    }
    return PriceRow.model_validate({**fields, "tiers": _tiers(state.standard)})


def _plain(given: Given) -> dict[str, object]:
    rates: dict[str, object] = {ours: money_text(_all(given[key])[0]) for key, ours in _OURS.items() if key in given}
    return rates | {ours: money_text(_all(given[key])[0] / 1000) for key, ours in _FEES.items() if key in given}


def _tiers(given: Given) -> list[dict[str, object]]:
    tiers: list[dict[str, object]] = []
    for start in _starts(given):
        key, number = _start(start)
        rates = {ours: money_text(_rate(given[theirs], start)) for theirs, ours in _OURS.items() if theirs in given}
        tiers.append({key: number, **rates})
    return tiers


def _start(start: int) -> tuple[str, int]:
    """Word a start as the vendor does: the source writes one token less where a round number is already beyond it."""
    return ("from_input_tokens", start + 1) if (start + 1) % 1000 == 0 else ("above_input_tokens", start)


def _rate(price: Decimal | TieredPrices, start: int) -> Decimal:
    if isinstance(price, Decimal):
        return price
    return next((tier.price for tier in price.tiers if tier.start == start), price.base)


def _numbers(row: PriceRow) -> dict[str, object]:
    return {key: value for key, value in canonical_row(row).items() if key not in {"model", "since"}}


def _row(name: str, since: date, state: State, also: list[str], model: ModelInfo) -> str:
    fields = {"model": _text(name), "since": str(since), **{key: f'"{rate}"' for key, rate in _plain(state.standard).items()}}
    tiers = _tiers(state.standard)
    if tiers:
        fields["tiers"] = _flow(tiers)
    if state.service_tiers:
        written = [f"{tier}: {_variation(own, state.standard)}" for tier, own in state.service_tiers.items()]
        fields["service_tiers"] = "{" + ", ".join(written) + "}"
    given = dict(state.standard)
    excludes = [_BESIDE[key].format(money_text(_all(given[key])[0])) for key in _BESIDE if key in given] + _asked(model)
    if excludes:
        fields["excludes"] = "[" + ", ".join(excludes) + "]"
    if also:
        fields["also"] = "[" + ", ".join(map(_text, also)) + "]"
    return "  - {" + ", ".join(f"{key}: {value}" for key, value in fields.items()) + "}"


def _variation(own: Given, standard: Given) -> str:
    fields = {key: f'"{rate}"' for key, rate in _plain(own).items()}
    tiers = _tiers({**standard, **own})
    if tiers or _tiers(standard):
        fields["tiers"] = _flow(tiers)
    return "{" + ", ".join(f"{key}: {value}" for key, value in fields.items()) + "}"


def _flow(tiers: list[dict[str, object]]) -> str:
    written = [", ".join(f"{key}: {_value(value)}" for key, value in tier.items()) for tier in tiers]
    return "[" + ", ".join(f"{{{one}}}" for one in written) + "]"


def _value(value: object) -> str:
    return str(value) if isinstance(value, int) else f'"{value}"'


def _text(name: str) -> str:
    return f'"{name}"' if name[0] in "@~" or ": " in name or name[0].isdigit() else name


def _asked(model: ModelInfo) -> list[str]:
    """Name what else a request may ask for that has a price of its own, and that no answer reports."""
    asked = [when for variant in model.price_variants or () for when in variant.when.items()]
    return sorted({f"{key} {value}" for key, value in asked if key != "service_tier" and (key, value) not in _TIER_CONTEXTS})


if __name__ == "__main__":
    main()
