"""Work certificates out from judged answers: learn, then test thresholds from small to large, and stop at the first that fails.

*The worst case over the allowed models.* Which of the allowed models serves is the thrift dial's to say, and that may change
after the calibration. So a request counts against a threshold as soon as *any* model that the threshold allows is bad where the
reference is good. That count never falls as the threshold grows, whatever is chosen is at most as bad, and the same certificate
holds for every dial, every plan with this reference, and every outage among the weaker models.

*What nobody judged.* An answer without a judgement counts as whatever would hurt: so a request costs nothing while no threshold
opens it, and only answers of low risk need to be judged. Which ones are, may be chosen by the risk, for nothing is left out.

*The test.* Each threshold of a fixed grid is a hypothesis: "the misroute rate is above what is promised". It is rejected by the
exact binomial tail of the count, at 1 - confidence. In a fixed sequence no level has to be divided among the tests: the first
one that would wrongly be rejected decides, and the chance of that is at most 1 - confidence.

Source: Angelopoulos, Bates, Candès, Jordan and Lei 2021, arXiv 2110.01052, algorithm 1 with fixed-sequence testing (Bauer 1991,
doi 10.1002/sim.4780100609), and exact binomial tails as p-values.
"""

import datetime
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from triplepoint.routing.guarantee.model import POOLED, Certificate
from triplepoint.stats.binomial import largest_count, upper_bound

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEAST_LABELS: Final = 200
"""Labels from which on a group has a certificate of its own."""
GRID: Final[Vector] = np.linspace(0.0, 1.0, 10_001)
"""Thresholds that are tested, in this order; fixed before any label is seen."""


@dataclass(frozen=True)
class Judged:
    """Requests whose answers were judged, as a scorer sees them; it must not have been trained on these labels."""

    models: tuple[str, ...]
    """By the scorer's names, the weakest first, in the order of the line-up."""
    quality: Matrix
    """Requests × models: the scorer's probability of a good answer."""
    good: Matrix
    """Requests × models: 1, the answer was good; 0, it was bad; NaN, nobody judged it."""
    groups: Sequence[str]
    """Of each request, as the scorer has it."""
    novel: Flags
    """Of each request: the scorer had no signal."""

    def __post_init__(self) -> None:
        rows, columns = len(self.groups), len(self.models)
        if self.quality.shape != (rows, columns) or self.good.shape != (rows, columns) or self.novel.shape != (rows,):
            raise ValueError(
                f"quality {self.quality.shape}, good {self.good.shape}, novel {self.novel.shape}: need {rows} rows"
            )


class Stamp(NamedTuple):
    """What every certificate of one calibration says alike."""

    data: str
    """SHA-256 of the data set."""
    scorer: str
    """SHA-256 of the scorer's file without certificates."""
    date: datetime.date
    note: str = ""


class Risks(NamedTuple):
    """What a threshold does to each request, for one reference."""

    opens: Vector
    """Smallest threshold that allows a weaker model."""
    harms: Vector
    """Smallest threshold that allows a weaker model which is, or may be, bad where the reference is good; infinite: none
    does."""


def calibrate(
    judged: Judged,
    *,
    misroute: float,
    confidence: float,
    stamp: Stamp,
    references: Sequence[str] | None = None,
    least_labels: int = LEAST_LABELS,
) -> list[Certificate]:
    """Return a certificate for each reference and each group with enough labels, and a pooled one for all other groups
    together.

    Args:
        misroute: Promised misroute rate among all requests of a group, in (0, 1).
        confidence: Of each certificate by itself, in (0, 1).
        references: Models to certify as the strongest; None: every model that has a weaker one.
        least_labels: Labels from which on a group is certified by itself; never fewer than could show the promise at all.
    Returns: By reference, weakest first; the groups by name, the pooled one last. A group that cannot keep the promise at any
        threshold has a certificate without one: it must not fall back on the pooled one.
    """
    places = [judged.models.index(name) for name in references or judged.models[1:]]
    found: list[Certificate] = []
    for place in places:
        risks = risks_below(judged, place)
        for group, groups, rows in _slices(judged, max(least_labels, fewest_labels(misroute, confidence))):
            chosen = Risks(risks.opens[rows], risks.harms[rows])
            threshold = choose_threshold(chosen.harms, misroute=misroute, confidence=confidence)
            labels, misroutes = len(rows), 0 if threshold is None else int((chosen.harms <= threshold).sum())
            found.append(
                Certificate(
                    misroute=misroute,
                    confidence=confidence,
                    reference=judged.models[place],
                    models=judged.models[:place],
                    group=group,
                    groups=groups,
                    threshold=threshold,
                    labels=labels,
                    unjudged=int(np.isnan(judged.good[rows, : place + 1]).any(axis=1).sum()),
                    misroutes=misroutes,
                    bound=1.0 if threshold is None else upper_bound(misroutes, labels, confidence=confidence),
                    downgraded=0.0 if threshold is None else float((chosen.opens <= threshold).mean()),
                    novel=int(judged.novel[rows].sum()),
                    data=stamp.data,
                    scorer=stamp.scorer,
                    date=stamp.date,
                    note=_note(group, groups, stamp),
                )
            )
    return found


def risks_below(judged: Judged, reference: int) -> Risks:
    """Return what thresholds do to each request where the model in this column is the reference."""
    risk = judged.quality[:, [reference]] * (1.0 - judged.quality[:, :reference])
    risk = np.where(np.isnan(risk), np.inf, risk)
    is_misroute = (judged.good[:, [reference]] != 0) & (judged.good[:, :reference] != 1)  # also where one of them is unknown
    return Risks(risk.min(axis=1, initial=np.inf), np.where(is_misroute, risk, np.inf).min(axis=1, initial=np.inf))


def choose_threshold(harms: Vector, *, misroute: float, confidence: float) -> float | None:
    """Return the last threshold of the grid before the first that fails; None: the very first fails.

    Args:
        harms: Of each labelled request, see `Risks.harms`.
    """
    most = largest_count(len(harms), misroute, confidence=confidence)
    counts = np.searchsorted(np.sort(harms), GRID, side="right")
    failed = np.flatnonzero(counts > most)
    passed = int(failed[0]) if failed.size else len(GRID)
    return None if passed == 0 else float(GRID[passed - 1])


def fewest_labels(misroute: float, confidence: float) -> int:
    """Return how many labels without any misroute show the promise: with fewer, nothing can."""
    labels = math.floor(math.log(1.0 - confidence) / math.log1p(-misroute))
    return labels if largest_count(labels, misroute, confidence=confidence) >= 0 else labels + 1


def _slices(judged: Judged, least: int) -> Iterator[tuple[str, tuple[str, ...], NDArray[np.intp]]]:
    """Yield groups with their rows, by the number of their labels alone: what the labels say must not decide about pooling."""
    groups = np.array(judged.groups, dtype=object)
    sizes = Counter(judged.groups)
    own = sorted(group for group, size in sizes.items() if size >= least and group != POOLED)
    for group in own:
        yield group, (), np.flatnonzero(groups == group)
    pooled = tuple(sorted(set(sizes) - set(own)))
    if pooled:
        yield POOLED, pooled, np.flatnonzero(np.isin(groups, pooled))


def _note(group: str, groups: tuple[str, ...], stamp: Stamp) -> str:
    if group != POOLED or len(groups) < 2:
        return stamp.note
    pooled = f"holds for {len(groups)} groups with few labels taken together, and promises nothing of each by itself"
    return f"{pooled}; {stamp.note}" if stamp.note else pooled
