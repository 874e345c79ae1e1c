"""Attempts of every kind, as a small family sees them on a quiet evening."""

import time

from tests.console.plant import Plant

from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.model import Outcome

HOSTILE = "<img src=x onerror='window.hacked = true'>"
"""What a caller may call a model."""

_KINDS = (
    ("auto", "nano", "no rule holds", 31, 24, "0.0000029914", 96, 410),
    ("auto", "regular", "rule: holds code or asks for it", 412, 186, "0.0001727220", 310, 9120),
    ("auto", "nano", "no rule holds", 18, 52, "0.0000044852", 88, 760),
    ("medium", "mini", "alias medium", 204, 61, "0.0000309291", 190, 2880),
    ("auto", "mini", "rule: structured output", 96, 40, "0.0000172824", 170, 1940),
    ("auto", "nano", "no rule holds", 44, 12, "0.0000026528", 91, 240),
    ("regular", "regular", "asked by name", 88, 132, "0.0000881584", 260, 6480),
    ("auto", "regular", "rule: holds arithmetic that nano gets wrong", 57, 74, "0.0000507132", 240, 3710),
)
_PRICES = {
    "nano": "local/smollm2-135m-instruct@2026-01-01#c8b73690",
    "mini": "local/qwen2.5-coder-0.5b-instruct@2026-01-01#7d3c4faf",
    "regular": "local/qwen2.5-coder-1.5b-instruct@2026-01-01#23cd3153",
}
_FILES = {"nano": "smollm2-135m-instruct", "mini": "qwen2.5-coder-0.5b-instruct", "regular": "qwen2.5-coder-1.5b-instruct"}


def write_day(plant: Plant, *, rounds: int = 5) -> dict[str, str]:
    """Journal attempts of the last minutes.

    Returns: Receipts to look at, by what they are about.
    """
    now_us = time.time_ns() // 1000
    for index in range(rounds * len(_KINDS)):
        _write_kind(plant, index, at_us=now_us - (rounds * len(_KINDS) - index) * 2_300_000)
    return {
        "cut": _write_cut(plant, now_us - 47_000_000),
        "fallback": _write_fallback(plant, now_us - 21_000_000),
        "cancelled": _write_cancelled(plant, now_us - 33_000_000),
        "hostile": _write_hostile(plant, now_us - 200_000_000),
    }


def _write_kind(plant: Plant, index: int, *, at_us: int) -> str:
    asked, served, why, tokens_in, tokens_out, cost, first_ms, total_ms = _KINDS[index % len(_KINDS)]
    stretch = 1 + (index * 7 % 11) / 20  # no two alike, and the same every time
    opened = plant.opened(
        at_us=at_us,
        asked_model=asked,
        served_model=served,
        decision=why,
        upstream=served,
        upstream_model=_FILES[served],
        price_id=_PRICES[served],
    )
    closed = plant.closed(
        opened,
        usage=Usage(input_tokens=tokens_in, output_tokens=tokens_out, source=UsageSource.REPORTED),
        cost_usd=cost,
        first_byte_us=round(first_ms * 1000 * stretch),
        total_us=round(total_ms * 1000 * stretch),
    )
    return plant.write(opened, closed)


def _write_cut(plant: Plant, at_us: int) -> str:
    opened = plant.opened(
        at_us=at_us,
        served_model="regular",
        upstream="regular",
        upstream_model=_FILES["regular"],
        price_id=_PRICES["regular"],
        decision="rule: holds code or asks for it",
    )
    usage = Usage(input_tokens=380, output_tokens=41, source=UsageSource.ESTIMATED, tokenizer="o200k_base")
    return plant.write(
        opened,
        plant.closed(opened, outcome=Outcome.CUT, error="upstream_cut", usage=usage, cost_usd="0.0000867", finish_reason=None),
    )


def _write_fallback(plant: Plant, at_us: int) -> str:
    shared: dict[str, object] = {"asked_model": "auto", "conversation": "conv_7", "tags": {"team": "search", "run": "nightly"}}
    first = plant.opened(
        at_us=at_us,
        served_model="mini",
        upstream="mini",
        upstream_model=_FILES["mini"],
        decision="rule: structured output",
        price_id=_PRICES["mini"],
        **shared,
    )
    failed = plant.closed(
        first,
        outcome=Outcome.FAILED,
        status=503,
        error="upstream_overloaded",
        usage=Usage(input_tokens=0, output_tokens=0),
        cost_usd="0",
        first_byte_us=None,
        total_us=310_000,
        finish_reason=None,
    )
    plant.write(first, failed)
    second = plant.opened(
        receipt_id=first.receipt_id,
        attempt=2,
        at_us=at_us + 420_000,
        served_model="mini",
        upstream="regular",
        upstream_model=_FILES["mini"],
        decision="fallback: upstream mini is overloaded",
        price_id=_PRICES["mini"],
        **shared,
    )
    usage = Usage(
        input_tokens=1204, output_tokens=310, cache_read_tokens=1024, reasoning_tokens=120, source=UsageSource.REPORTED
    )
    closed = plant.closed(
        second, usage=usage, cost_usd="0.0001704626", first_byte_us=460_000, total_us=2_910_000, notices=["dropped: logit_bias"]
    )
    return plant.write(second, closed)


def _write_cancelled(plant: Plant, at_us: int) -> str:
    opened = plant.opened(at_us=at_us, decision="no rule holds")
    usage = Usage(input_tokens=40, output_tokens=9, source=UsageSource.ESTIMATED, tokenizer="o200k_base")
    return plant.write(
        opened, plant.closed(opened, outcome=Outcome.CANCELLED, usage=usage, cost_usd="0.0000022738", finish_reason=None)
    )


def _write_hostile(plant: Plant, at_us: int) -> str:
    opened = plant.opened(at_us=at_us, asked_model=HOSTILE, decision="asked by name", tags={HOSTILE: HOSTILE})
    return plant.write(opened, plant.closed(opened, notices=[HOSTILE], finish_reason=HOSTILE, cost_usd=None, usage=Usage()))
