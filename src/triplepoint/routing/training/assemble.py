"""Put what was fitted into the tables that serve."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triplepoint.routing.scorer.tables import Floats, Tables
from triplepoint.routing.scorer.terms import BINS
from triplepoint.routing.training.arrays import Matrix
from triplepoint.routing.training.features import Folded, Space
from triplepoint.routing.training.knots import Curve
from triplepoint.routing.training.lengths import Lengths
from triplepoint.routing.training.membership import Members


@dataclass(frozen=True, slots=True)
class Parts:
    """What a scorer is made of."""

    means: Matrix
    """[groups + 1, models] Shrunken mean scores."""
    quality: Folded
    members: Members | None
    """None: there are not two groups to tell apart."""
    lengths: Lengths
    curves: list[Curve]
    """One for each model."""


def assemble(space: Space, parts: Parts) -> Tables:
    """Return the tables."""
    length = space.fold(parts.lengths.weights)
    membership, prior = _membership(space, parts.members)
    return Tables(
        vocabulary=space.vocabulary,
        rarity=_single(space.rarity),
        quality=_single(parts.quality.rows),
        length=_single(_with_start(space, length.rows, length.groups[-1] + parts.lengths.start)),
        membership=_single(membership),
        marks_centre=_single(space.centre),
        marks_spread=_single(space.spread),
        marks_whitening=_single(space.whitening),
        marks_edges=_single(space.edges),
        group_base=_single(parts.means + parts.quality.groups),
        group_measures=_single(parts.quality.group_measures),
        group_quality=_single(np.clip(parts.means, 0, 1)),
        group_output_tokens=_single(parts.lengths.means),
        group_prior=_single(prior),
        knots_in=_single(np.stack([curve.sums for curve in parts.curves])),
        knots_out=_single(np.stack([curve.probabilities for curve in parts.curves])),
    )


def _membership(space: Space, members: Members | None) -> tuple[Matrix, Matrix]:
    if members is None:
        columns = space.columns
        return space.fold(np.zeros((columns, len(space.groups)))).rows, np.zeros(len(space.groups))
    folded = space.fold(members.weights)
    return folded.rows, folded.groups[-1] + members.prior


def _with_start(space: Space, rows: Matrix, start: Matrix) -> Matrix:
    """Add what every text begins with to the bins of the first measure, of which each text has exactly one."""
    first = len(space.vocabulary)
    rows = rows.copy()
    rows[first : first + BINS] += start
    return rows


def _single(values: NDArray[Any]) -> Floats:
    return np.ascontiguousarray(values, dtype=np.float32)
