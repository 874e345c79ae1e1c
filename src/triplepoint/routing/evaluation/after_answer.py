"""Escalation after the answer, offline: what is it worth to look at the cheap model's answer before paying for the strong one?

Every prompt goes to the cheap model; its answer is looked at; then some go to the strong model as well, and both calls
are paid. A *look* is either the checks as they run live, which give one operating point, or a verifier that was trained
on other prompts, which ranks all answers and so gives a curve. Beside them stand checks that are right with a given
probability, which need no answers to read: what a check would have to be to be worth it.

Budgets are shares of what it costs to ask the strong model alone, every time; so a budget of 1 leaves less than all
prompts to it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.lineups.model import Check
from triplepoint.routing.answers.model import Said
from triplepoint.routing.escalation.examine import examine
from triplepoint.routing.escalation.model import Asked
from triplepoint.routing.escalation.verifier.fit import fit_verifier, pairs_of
from triplepoint.routing.evaluation.calibration import reliability
from triplepoint.routing.evaluation.choices import GOOD
from triplepoint.routing.evaluation.contest import Contest
from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.evaluation.resampling import Measured, Vector, interval

CHECKS: Final = (Check.COMPLETE, Check.ANSWERS, Check.ARITHMETIC, Check.FORMAT)
"""What a line-up looks at unless it says otherwise."""
SIMULATED: Final = ((1.0, 1.0), (0.9, 0.7), (0.85, 0.85), (0.5, 0.5))
"""Checks that never were: share of good answers that they let through, share of bad ones that they find."""


@dataclass(frozen=True, slots=True)
class Point:
    """What comes of escalating some prompts."""

    escalated: float
    """Share of prompts."""
    quality: float
    """Mean score served."""
    cost: float
    """Of both calls, as a share of the strong model's for every prompt."""


@dataclass(frozen=True, slots=True)
class Curve:
    """What comes of escalating those first whose answer is likeliest bad and whose strong answer is likeliest good."""

    apgr: Measured
    """Average gap recovered over budgets from 0 to 1, the cheap call paid for every prompt; at less than that call, none is."""
    cpt50: float
    """Budget at which half of the gap is closed; NaN: never."""
    cpt80: float
    calibration: float
    """Expected calibration error of the probability that the cheap answer is good."""


@dataclass(frozen=True)
class AfterAnswer:
    """A pair of models, and what looking is worth on it."""

    contest: Contest
    weak: Point
    """Nothing escalated."""
    strong: Point
    """The strong model alone, asked first."""
    checks: Point | None
    """None: there are no answers to look at."""
    found: tuple[tuple[str, int, float], ...]
    """Why answers failed, how many, and the share of them that were bad; numbers in the reasons left out."""
    verifier: Curve | None
    simulated: tuple[tuple[float, float, Point], ...]
    """Sensitivity to good answers, to bad ones, and what comes of it, in expectation."""


def look_after(
    data: Labelled, *, folds: int, seed: int, draws: int, progress: Callable[[str], None] = lambda _: None
) -> AfterAnswer:
    """Measure what looking at the first model's answers is worth.

    Args:
        data: Two models, the cheap one first; its answers, where they are to be looked at.
        folds, seed, draws: As for `board.make_board`; the same folds.
        progress: Called before each fold.
    Raises: RequestInvalid: there are not two models, of which the second is the better one.
    """
    contest = Contest.over(data.complete(), folds=folds, draws=draws, seed=seed)
    if not contest.is_pair:
        raise RequestInvalid(
            f"{data.name}: looking after the answer is between a cheap model and a better one; name two, --models cheap,better",
            param="models",
        )
    answers = (contest.data.answers or {}).get(contest.data.models[0])
    everything = np.ones(len(contest.data))
    strong_alone = Point(1.0, float(contest.data.scores[:, 1].mean()), 1.0)
    failed, found = _checked(contest, answers) if answers is not None else (None, ())
    return AfterAnswer(
        contest=contest,
        weak=_point(contest, 0 * everything),
        strong=strong_alone,
        checks=_point(contest, failed) if failed is not None else None,
        found=found,
        verifier=_verified(contest, answers, seed, progress) if answers is not None else None,
        simulated=tuple((good, bad, _point(contest, _simulated(contest, good, bad))) for good, bad in SIMULATED),
    )


def _point(contest: Contest, escalated: Vector) -> Point:
    """Say what comes of escalating each prompt with a probability."""
    weak, strong = contest.data.scores.T
    paid = contest.costs[:, 0] + escalated * contest.costs[:, 1]
    return Point(
        escalated=float(escalated.mean()),
        quality=float((weak + escalated * (strong - weak)).mean()),
        cost=float(paid.mean() / contest.costs[:, 1].mean()),
    )


def _simulated(contest: Contest, good: float, bad: float) -> Vector:
    """Return the probability with which a check sends each prompt up that is right about answers only so often."""
    return np.where(contest.data.scores[:, 0] >= GOOD, 1 - good, bad)


def _checked(contest: Contest, answers: list[str]) -> tuple[Vector, tuple[tuple[str, int, float], ...]]:
    """Look at the answers as the gateway does; returns which failed, and why."""
    whys: dict[str, list[int]] = {}
    for place, (prompt, answer) in enumerate(zip(contest.data.prompts, answers, strict=True)):
        finding = examine(Said(answer), Asked(prompt), CHECKS)
        if finding is not None:
            words = "".join("N" if character.isdigit() else character for character in finding.words)
            whys.setdefault(f"{finding.check}: {words}", []).append(place)
    failed = np.zeros(len(answers))
    failed[[place for places in whys.values() for place in places]] = 1
    bad = contest.data.scores[:, 0] < GOOD
    by_count = sorted(whys.items(), key=lambda one: -len(one[1]))
    return failed, tuple((why, len(places), float(bad[places].mean())) for why, places in by_count)


def _verified(contest: Contest, answers: list[str], seed: int, progress: Callable[[str], None]) -> Curve:
    """Rank every prompt by verifiers that were trained on other prompts."""
    data = contest.data
    pairs = pairs_of(data.prompts, answers)
    expected = np.empty_like(data.scores)
    for fold in contest.folds:
        progress(f"{data.name}: verifier")
        for model in range(2):  # of both it is told by the cheap answer: what is hard for one tends to be for the other
            learnt = fit_verifier(pairs.rows(fold.train), data.scores[fold.train, model] >= GOOD, seed=seed)
            expected[fold.test, model] = learnt.expect(pairs.rows(fold.test))
    order = np.argsort(expected[:, 0] - expected[:, 1], kind="stable")
    drawn = [_budgets(contest, order, weights) for portion in contest.resamples.portions() for weights in portion]
    budgets, recovered = _budgets(contest, order, np.ones(len(data)))
    areas = np.array([_area(*one) for one in drawn])
    return Curve(
        apgr=interval(_area(budgets, recovered), areas),
        cpt50=_first(budgets, recovered, 0.5),
        cpt80=_first(budgets, recovered, 0.8),
        calibration=reliability(expected[:, 0], data.scores[:, 0]).error,
    )


def _budgets(contest: Contest, order: np.ndarray[tuple[int, ...], np.dtype[np.intp]], weights: Vector) -> tuple[Vector, Vector]:
    """Return budgets, and the gap recovered at each, of escalating one prompt more each time.

    Costs are means, so that dear prompts count no more than others; the share of strong calls is what a budget buys.
    """
    weak, strong = contest.data.scores.T
    weights = weights[order]
    shares = np.concatenate([[0.0], np.cumsum(weights)]) / weights.sum()
    gained = np.concatenate([[0.0], np.cumsum(weights * (strong - weak)[order])])
    if gained[-1] <= 0:
        return shares, np.full(len(shares), np.nan)
    cheap = float(contest.costs[:, 0].mean() / contest.costs[:, 1].mean())
    return cheap + shares, gained / gained[-1]


def _area(budgets: Vector, recovered: Vector) -> float:
    """Integrate the gap recovered over budgets from 0 to 1; below the cheap call's there is none."""
    inside = budgets < 1
    at = np.append(budgets[inside], 1.0)
    return float(np.trapezoid(np.append(recovered[inside], np.interp(1.0, budgets, recovered)), at))


def _first(budgets: Vector, recovered: Vector, wanted: float) -> float:
    reached = np.flatnonzero(recovered >= wanted)
    return float(budgets[reached[0]]) if reached.size else np.nan
