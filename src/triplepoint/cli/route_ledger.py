"""What ``triplepoint route evaluate --ledger`` does: what other routers would have been worth on traffic that was routed."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from triplepoint.app import load_today, open_installation
from triplepoint.files.nearest import suggest
from triplepoint.foundation.errors import NotFound
from triplepoint.gateway.snapshot import compile_snapshot
from triplepoint.ledger.drain import drain_if_free
from triplepoint.routing.evaluation.logged import Log, read_log
from triplepoint.routing.evaluation.off_policy import THIN, Policy, Value, always, as_it_was, value_of
from triplepoint.routing.evaluation.replay import policies_of
from triplepoint.routing.evaluation.report.document import known, measured
from triplepoint.routing.evaluation.resampling import Measured
from triplepoint.routing.policies.compile import RouterSetup


@dataclass(frozen=True, slots=True)
class LedgerWanted:
    """Which traffic, and whose router."""

    folder: Path
    """Of the installation."""
    lineup: str | None
    """Whose router is tried; None: of the one that serves."""
    since: datetime | None
    """Only what was asked at or after it (UTC)."""


def show_ledger(wanted: LedgerWanted, *, as_json: bool) -> None:
    """Read the ledger, try routers on it, and print what they would have been worth.

    Raises: NotFound: no decision of a router is there, or no such line-up.
    """
    log, setup = _read(wanted), _setup(wanted)
    if not log.decisions:
        raise NotFound(
            f"no decision of a router is in this ledger (besides: {_left_out(log)}); ask for auto, and have a share audited"
        )
    values = {"as it was": as_it_was(log.decisions)}
    values |= {name: value_of(policy, log.decisions) for name, policy in _policies(log, setup).items()}
    if as_json:
        print(json.dumps(_document(log, values), indent=2, allow_nan=False))
    else:
        _print(log, values)


def _read(wanted: LedgerWanted) -> Log:
    since_us = None if wanted.since is None else round(wanted.since.replace(tzinfo=UTC).timestamp() * 1_000_000)
    with open_installation(wanted.folder) as installation:
        drain_if_free(installation.data, installation.ledger, meter=installation.meter)
        return read_log(installation.ledger.iterate(since_us=since_us), installation.audits.iterate(since_us=since_us))


def _setup(wanted: LedgerWanted) -> RouterSetup | None:
    snapshot = compile_snapshot(load_today(wanted.folder), (), made_us=0)
    if wanted.lineup is None:
        return snapshot.active.setup
    if wanted.lineup not in snapshot.lineups:
        raise NotFound(f"no line-up {wanted.lineup}; {suggest(wanted.lineup, snapshot.lineups, 'line-ups')}")
    return snapshot.lineups[wanted.lineup].setup


def _policies(log: Log, setup: RouterSetup | None) -> Mapping[str, Policy]:
    models = dict.fromkeys(model for decision in log.decisions for model in decision.expected)
    named = {f"always {model}, where it could": always(model) for model in models}
    return {**dict(policies_of(setup, log.rows, log.decisions)), **named}


def _left_out(log: Log) -> str:
    parts = ", ".join(f"{count:,} {why}" for why, count in log.left_out.most_common())
    return parts or "nothing"


def _document(log: Log, values: Mapping[str, Value]) -> dict[str, Any]:
    return {
        "decisions": len(log.decisions),
        "audited": log.audited,
        "left_out": dict(log.left_out),
        "policies": [{"policy": name, **_plain(value)} for name, value in values.items()],
    }


def _plain(value: Value) -> dict[str, Any]:
    return {
        "dr": measured(value.dr),
        "snips": measured(value.snips),
        "ips": measured(value.ips),
        "expected": known(value.expected),
        "cost_usd": known(value.cost_usd),
        "agreement": known(value.agreement),
        "effective_outcomes": known(value.effective),
        "mean_weight": measured(value.mean_weight),
        "is_thin": value.is_thin,
        "is_supported": value.is_supported,
    }


def _print(log: Log, values: Mapping[str, Value]) -> None:
    console = Console(highlight=False)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("router", min_width=18)
    for head in ("as good (DR)", "SNIPS", "expected", "USD", "counts"):
        table.add_column(head, justify="right", no_wrap=True)
    for name, value in values.items():
        table.add_row(escape(name), *_cells(value))
    console.print(table)
    for line in (
        f"{len(log.decisions):,} decisions, {log.audited:,} of them with an audit that decided; left out: {_left_out(log)}.",
        "As good: share of requests answered as well as the strongest model would have; 1 less it is the rate of under-routes.",
        f"Counts: outcomes that count for it. * under {THIN:.0f}: the interval is too narrow. ! the log never tries what this "
        "router would do: read its numbers as nothing more than the scorer's own expectation.",
    ):
        console.print(escape(line), soft_wrap=True)


def _cells(value: Value) -> tuple[str, ...]:
    cost = "–" if math.isnan(value.cost_usd) else f"{value.cost_usd:.2g}"
    counts = f"{value.effective:,.0f}{_mark(value)}"
    return _half(value.dr), _half(value.snips), f"{value.expected:.3f}", cost, counts


def _half(found: Measured) -> str:
    return "–" if math.isnan(found.value) else f"{found.value:.3f} ± {found.high - found.value:.3f}"


def _mark(value: Value) -> str:
    return "!" if not value.is_supported else "*" if value.is_thin else ""
