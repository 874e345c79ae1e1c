"""A leaderboard as plain values, for JSON and for whoever draws it; what cannot be told is null."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from triplepoint.routing.evaluation.board import Board
from triplepoint.routing.evaluation.calibration import Reliability
from triplepoint.routing.evaluation.resampling import Measured
from triplepoint.routing.evaluation.rows import PairMeasures, Row, Within

Document = dict[str, Any]


def document_of(board: Board) -> Document:
    """Put a board into plain values."""
    contest, data = board.contest, board.contest.data
    means = zip(data.models, data.scores.mean(axis=0), contest.costs.mean(axis=0), strict=True)
    return {
        "data": {
            "name": data.name,
            "sha256": data.digest,
            "licence": data.licence or None,
            "source": data.source or None,
            "prompts": len(data),
            "left_out": board.left_out,
            "groups": len(set(data.groups)),
        },
        "method": {
            "folds": len(contest.folds),
            "seed": board.seed,
            "draws": len(contest.resamples.counts),
            "cost_unit": board.unit,
            "net_loss": board.net_loss,
        },
        "models": [{"model": name, "quality": float(quality), "cost": float(cost)} for name, quality, cost in means],
        "reference": data.models[contest.reference],
        "rows": [_row(row, board) for row in board.rows],
        "dominated": {data.models[worse]: data.models[better] for worse, better in board.dominated.items()},
        "published": [dict(row._asdict()) for row in board.published],
        "random_recomputed": _recomputed(board),
    }


def _row(row: Row, board: Board) -> Document:
    over, models = board.over_table(row), board.contest.data.models
    return {
        "router": row.name,
        "trained_on": row.trained_on,
        **({} if row.pair is None else _pair(row.pair)),
        "aiq": measured(row.aiq),
        "aiq_routerbench": known(row.aiq_routerbench),
        "cost_at_95_98_100_percent": [known(one) for one in row.matched],
        "oracle_gap_closed": known(row.gap_closed),
        "over_label_table": None if over is None else measured(over),
        "calibration": {model: _calibration(one) for model, one in zip(models, row.reliability, strict=False)},
        "within_net_loss": _within(row.within, models),
        "curve": [
            {"cost": cost, "quality": quality, "gain_over_mix": {"value": gain, "low": low, "high": high}}
            for cost, quality, gain, low, high in zip(*_columns(row), strict=True)
        ],
    }


def _columns(row: Row) -> Sequence[list[float]]:
    curve = row.curve
    return [one.tolist() for one in (curve.costs, curve.quality, curve.gain, curve.low, curve.high)]


def _pair(pair: PairMeasures) -> Document:
    return {
        "apgr": measured(pair.apgr),
        "apgr_routellm": measured(pair.routellm.apgr),
        "cpt50": measured(pair.routellm.cpt50),
        "cpt80": measured(pair.routellm.cpt80),
        "weak_share_within_net_loss": pair.weak_share,
    }


def _calibration(found: Reliability) -> Document:
    bins = zip(found.predicted.tolist(), found.observed.tolist(), found.counts.tolist(), strict=True)
    return {"ece": found.error, "bins": [{"predicted": said, "observed": came, "count": int(n)} for said, came, n in bins]}


def _within(within: Within, models: Sequence[str]) -> Document:
    outcome = within.outcome
    return {
        "quality": outcome.quality,
        "net_loss": outcome.net_loss,
        "cost": known(within.cost),
        "hurtful_misroutes": outcome.hurtful_misroutes,
        "wasteful_routes": outcome.wasteful_routes,
        "downgraded": outcome.downgraded,
        "chosen": dict(zip(models, within.chosen, strict=True)),
        "confusion_by_group": dict(within.confusions),
    }


def _recomputed(board: Board) -> Mapping[str, float] | None:
    found = board.recomputed
    return None if found is None else {"cpt50": found.cpt50, "cpt80": found.cpt80, "apgr": found.apgr}


def measured(found: Measured) -> Document:
    """Put a figure with its interval into plain values."""
    return {"value": known(found.value), "low": known(found.low), "high": known(found.high)}


def known(value: float) -> float | None:
    """Return a figure, or None where it cannot be told."""
    return None if math.isnan(value) else float(value)
