"""Writes ``prices/2026-11-20-genai-prices.yaml`` from the package genai-prices.

Run ``python tools/seed_prices.py`` with the version named below installed; the output depends on nothing else. Rows that this
price book cannot express exactly are left out and listed at the end with the reason: better unpriced than priced wrongly.

The book is append-only. To follow a newer version of the source, write a further file with the rows that changed (see
``docs/how-to``); never write this one anew with other numbers.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

from genai_prices.data import providers
from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, StartDateConstraint, TieredPrices

from triplepoint.foundation.money import money_text

VERSION = "0.2.3"
COLLECTED = date(2026, 11, 20)
UNDATED = date(2020, 1, 1)
"""The source holds an undated price for valid at any time before its next one; this day stands for that."""
PATH = Path(__file__).parent.parent / "prices" / "2026-11-20-genai-prices.yaml"

VENDORS = (
    "anthropic", "azure", "cerebras", "cohere", "deepseek", "fireworks", "google", "groq", "minimax", "mistral", "moonshotai",
    "openai", "openrouter", "perplexity", "together", "voyageai", "x-ai", "zai",
)  # fmt: skip
"""Vendors that an upstream of ours can call; resellers with protocols of their own are left out."""

_OURS = {
    "input_mtok": "input_usd_per_mtok",
    "output_mtok": "output_usd_per_mtok",
    "cache_read_mtok": "cache_read_usd_per_mtok",
    "cache_write_mtok": "cache_write_usd_per_mtok",
    "cache_write_1h_mtok": "cache_write_1h_usd_per_mtok",
}
_BESIDE = {
    "web_searches_kcount": "web searches ({} for 1000)",
    "storage_searches_kcount": "file searches ({} for 1000)",
    "input_audio_mtok": "audio input ({} for a million tokens)",
    "cache_audio_read_mtok": "cached audio input ({} for a million tokens)",
    "input_video_mtok": "video input ({} for a million tokens)",
}
"""What a caller may use beside text, and is then charged apart: the row holds without it, and says so."""
_MOST_DECIMALS = 9

CORRECTIONS: dict[tuple[str, date], dict[str, Decimal]] = {
    ("openai/o3", UNDATED): {"cache_read_mtok": Decimal("2.5")},
}
"""Where a record made at the time says otherwise. o3 until 2025-06-10: the source carries the cached rate of the price cut
(0.5) back to before it; tokencost (MIT, commit 30c32a6ec32a) shows 2.5 from 2025-05-07 to 2025-06-10, a quarter of the input
as ever."""


@dataclass(frozen=True)
class Skipped:
    """A model left out."""

    name: str
    reason: str


def main() -> None:
    """Write the file, or check that it is what would be written."""
    parser = argparse.ArgumentParser(description=__doc__)
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
    rows: list[str] = []
    skipped: list[Skipped] = []
    for provider in sorted(providers, key=lambda provider: provider.id):
        if provider.id in VENDORS:
            rows += ["", f"  # {provider.name}"]
            for model in sorted(provider.models, key=lambda model: model.id):
                result = _rows(f"{provider.id}/{model.id}", model)
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
        "# Standard processing only: batch, flex, priority and fast tiers have other prices, and none is given for them here.",
        "# Corrected against records made at the time (see the tool): " + ", ".join(name for name, _ in CORRECTIONS) + ".",
        "# 'excludes' names what the vendor charges beside text tokens; a request that uses it costs more than the book says.",
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


def _rows(name: str, model: ModelInfo) -> list[str] | Skipped:
    if any(character.isspace() for character in name):
        return Skipped(name, "the name holds a space")
    dated = model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]
    rows: list[str] = []
    for conditional in _in_order(dated):
        reason = _inexpressible(conditional)
        if reason is not None:
            return Skipped(name, reason)
        since = conditional.constraint.start_date if isinstance(conditional.constraint, StartDateConstraint) else UNDATED
        rows.append(_row(name, since, conditional.prices, _other_tiers(model)))
    return rows


def _in_order(dated: list[ConditionalPrice]) -> list[ConditionalPrice]:
    """Order by date, a later entry of the source overriding an earlier one of the same day, as the source does."""
    by_day: dict[date, ConditionalPrice] = {}
    for conditional in dated:
        day = conditional.constraint.start_date if isinstance(conditional.constraint, StartDateConstraint) else UNDATED
        if conditional.constraint is not None and not isinstance(conditional.constraint, StartDateConstraint):
            return [conditional]
        by_day[day] = conditional
    return [by_day[day] for day in sorted(by_day)]


def _inexpressible(conditional: ConditionalPrice) -> str | None:
    if conditional.constraint is not None and not isinstance(conditional.constraint, StartDateConstraint):
        return "the price depends on the time of day"
    given = dict(_given(conditional.prices))
    foreign = sorted(set(given) - set(_OURS) - set(_BESIDE))
    if foreign:
        return f"priced by {', '.join(foreign)}"
    if "input_mtok" not in given:
        return "no price for input tokens"
    if any(_decimals(rate) > _MOST_DECIMALS for price in given.values() for rate in _all(price)):
        return f"more than {_MOST_DECIMALS} decimals, which is rounding noise in the source"
    starts = {tuple(tier.start for tier in price.tiers) for price in given.values() if isinstance(price, TieredPrices)}
    return "tiers of different starts" if len(starts) > 1 else None


def _given(prices: ModelPrice) -> Iterator[tuple[str, Decimal | TieredPrices]]:
    for key, value in vars(prices).items():
        if value is not None:
            yield key, value


def _all(price: Decimal | TieredPrices) -> list[Decimal]:
    return [price.base, *(tier.price for tier in price.tiers)] if isinstance(price, TieredPrices) else [price]


def _decimals(rate: Decimal) -> int:
    exponent = rate.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else sys.maxsize


def _other_tiers(model: ModelInfo) -> list[str]:
    """Name the ways of processing that a caller may ask for, and that have prices of their own."""
    asked = [variant.when for variant in model.price_variants or ()]
    service = sorted({when["service_tier"] for when in asked if "service_tier" in when} - {"default"})
    speed = sorted({when["speed"] for when in asked if "speed" in when})
    named = [("service tier", service), ("speed", speed)]
    return [f"{what} {' or '.join(values)}" for what, values in named if values]


def _row(name: str, since: date, prices: ModelPrice, other_tiers: list[str]) -> str:
    given = dict(_given(prices)) | CORRECTIONS.get((name, since), {})
    starts = next(
        ([tier.start for tier in price.tiers] for price in given.values() if isinstance(price, TieredPrices)), list[int]()
    )
    parts = [f'model: "{name}"' if name[0] in "@~" or ": " in name else f"model: {name}", f"since: {since}"]
    parts += _rates(given, None)
    if starts:
        tiers = [", ".join([f"above_input_tokens: {start}", *_rates(given, start)]) for start in starts]
        parts.append("tiers: [" + ", ".join(f"{{{tier}}}" for tier in tiers) + "]")
    beside = [_BESIDE[key].format(money_text(_all(given[key])[0])) for key in _BESIDE if key in given]
    beside += other_tiers
    if beside:
        parts.append("excludes: [" + ", ".join(beside) + "]")
    return "  - {" + ", ".join(parts) + "}"


def _rates(given: dict[str, Decimal | TieredPrices], start: int | None) -> list[str]:
    return [f'{ours}: "{money_text(_rate(given[key], start))}"' for key, ours in _OURS.items() if key in given]


def _rate(price: Decimal | TieredPrices, start: int | None) -> Decimal:
    if isinstance(price, Decimal):
        return price
    return next((tier.price for tier in price.tiers if tier.start == start), price.base)


if __name__ == "__main__":
    main()
