"""A leaderboard in words and figures for people: the same on a terminal and on a page."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from triplepoint.routing.evaluation.board import Board
from triplepoint.routing.evaluation.published import Published
from triplepoint.routing.evaluation.resampling import Measured
from triplepoint.routing.evaluation.rows import Row

UNKNOWN: Final = "–"
_PAIR: Final = ("APGR", "APGR, 10 bins", "CPT(50)", "CPT(80)", "weak share within loss")
_MANY: Final = ("AIQ", "AIQ, RouterBench's", "cost at 95 %", "98 %", "100 %")
_BOTH: Final = ("cost within loss", "misroutes", "wasteful", "to the oracle", "over label table", "ECE")

SHORT: Final = (0, 2, 4, 5, 7, 12, 1)
"""Columns that have room on a terminal of eighty characters, if the interval is told by its half."""
_SHORTER: Final = {"cost within loss": "cost", "cost at 95 %": "95 %", "CPT(50)": "CPT50", "CPT(80)": "CPT80"}
_PERCENT: Final = re.compile(r"^(?P<number>-?\d+\.\d)%$")
_INTERVAL: Final = re.compile(r" \[(?P<low>\S+), (?P<high>\S+)\]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table."""

    cells: tuple[str, ...]
    quoted: bool
    """It stands in a paper and was not computed here."""


def heads(board: Board) -> tuple[str, ...]:
    """Return the columns' names."""
    return ("router", "trained on", *(_PAIR if board.contest.is_pair else _MANY), *_BOTH)


def cells(board: Board) -> Iterator[Line]:
    """Yield the table's lines: what was computed, then what was published."""
    for row in board.rows:
        yield Line((row.name, row.trained_on, *_figures(row), *_common(row, board)), quoted=False)
    for published in board.published:
        yield Line(_published(published), quoted=True)


def short_heads(board: Board) -> tuple[str, ...]:
    """Return the names of the columns that have room on a terminal."""
    return tuple(_SHORTER.get(head, head) for head in _of(heads(board)))


def short_cells(board: Board) -> Iterator[Line]:
    """Yield the table's lines for a terminal."""
    for line in cells(board):
        cells_ = _of(line.cells)
        yield Line(tuple(_PERCENT.sub(_rounded, _INTERVAL.sub(_half, cell)) for cell in cells_), line.quoted)


def _of(columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(columns[place] for place in SHORT)


def _half(found: re.Match[str]) -> str:
    return f" ± {(float(found['high']) - float(found['low'])) / 2:.3f}"


def _rounded(found: re.Match[str]) -> str:
    return f"{float(found['number']):.0f}%"


def _figures(row: Row) -> tuple[str, ...]:
    if row.pair is None:
        return _interval(row.aiq), _number(row.aiq_routerbench), *(_percent(one) for one in row.matched)
    bins = row.pair.routellm
    values = (_percent(bins.cpt50.value), _percent(bins.cpt80.value), _percent(row.pair.weak_share))
    return _interval(row.pair.apgr), _number(bins.apgr.value), *values


def _common(row: Row, board: Board) -> tuple[str, ...]:
    outcome, over = row.within.outcome, board.over_table(row)
    return (
        _percent(row.within.cost),
        _percent(outcome.hurtful_misroutes),
        _percent(outcome.wasteful_routes),
        _percent(row.gap_closed),
        UNKNOWN if over is None else _interval(over, signed=True),
        _number(float(np.mean([one.error for one in row.reliability]))) if row.reliability else UNKNOWN,
    )


def _published(row: Published) -> tuple[str, ...]:
    figures = (_number(row.apgr), _number(row.apgr), _percent(row.cpt50), _percent(row.cpt80))
    return (row.router, f"published; {row.trained_on}", *figures, UNKNOWN, *(UNKNOWN for _ in _BOTH))


def facts(board: Board) -> Iterator[str]:
    """Yield what the data are."""
    contest, data = board.contest, board.contest.data
    groups = len(set(data.groups))
    left = f", {board.left_out:,} left out where a model has no score" if board.left_out else ""
    yield (
        f"{len(data):,} prompts in {groups} group{'s' if groups != 1 else ''}{left}. {data.source or 'No source stated'}, "
        f"licence: {data.licence or 'not stated'}. SHA-256 {data.digest[:12]}…"
    )
    quality, costs = data.scores.mean(axis=0), contest.costs.mean(axis=0)
    order = np.argsort(-quality, kind="stable")
    names = [f"{data.models[place]} {quality[place]:.3f}{_cost(float(costs[place]), board.unit)}" for place in order]
    best = data.scores.max(axis=1).mean()
    yield f"Always one model: {', '.join(names)}. Best of all on each prompt: {best:.3f}."
    yield (
        f"{len(contest.folds)} folds by prompt (seed {board.seed}), so that no prompt is routed by what was trained on it; "
        f"95 % intervals of {len(contest.resamples.counts)} draws; within loss: the cheapest point that loses at most "
        f"{board.net_loss:.0%} of quality."
    )


def notes(board: Board) -> Iterator[str]:
    """Yield what must be said beside the table."""
    models = board.contest.data.models
    if board.dominated:
        pairs = ", ".join(f"{models[worse]} by {models[better]}" for worse, better in board.dominated.items())
        yield f"Dominated, so that nobody should choose them, being worse and not cheaper at 95 % confidence: {pairs}."
    found = board.recomputed
    if found is not None:
        said = found.published
        yield (
            f"Random routing as RouteLLM computes it, from these data: CPT(50) {found.cpt50:.1%} (published {said.cpt50:.1%}), "
            f"CPT(80) {found.cpt80:.1%} ({said.cpt80:.1%}), APGR {found.apgr:.3f} ({said.apgr:.3f}). RouteLLM's own routers "
            "are quoted from arXiv 2406.18665, all on ten bins: their scores of single questions are not public, so they "
            "cannot be computed again."
        )


def _cost(cost: float, unit: str) -> str:
    return "" if unit == "share" else f" at {cost:.3g} {unit}"


def _interval(found: Measured, *, signed: bool = False) -> str:
    if math.isnan(found.value):
        return UNKNOWN
    sign = "+" if signed else ""
    return f"{found.value:{sign}.3f} [{found.low:{sign}.3f}, {found.high:{sign}.3f}]"


def _number(value: float) -> str:
    return UNKNOWN if math.isnan(value) else f"{value:.3f}"


def _percent(value: float) -> str:
    return UNKNOWN if math.isnan(value) else f"{value:.1%}"
