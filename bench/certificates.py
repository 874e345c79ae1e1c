"""``python -m bench certificates [FILE…]``: how often certificates keep their promise on real answers, and how much they allow.

Each prompt is scored by weights that had not seen it (cross-validation of our own training). Then, again and again: some
prompts are drawn to calibrate on, the threshold is chosen, and the misroute rate and the share that may be sent down are
counted on all other prompts. Their own noise breaks promises too: half of the prompts tested on the other half break one at 5 %
in 12 % of the splits. So "of all" tells it where that noise is none: labels drawn with replacement, rates counted on all
prompts. "Plug-in" is the threshold at which the labels themselves show the promised rate, as one would set it by hand. Where
fewer answers are judged than prompts are drawn, they are those with the least risk, and the others count as misroutes as soon
as a threshold opens them.

Without files: the MMLU and GSM8K answers of data/routing; GSM8K also after the weak model's answer has been looked at (what is
"down" is then kept). A file with more than two models is certified for the worst of the allowed.
"""

import argparse
import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from triplepoint.routing.escalation.verifier.fit import fit_verifier, pairs_of
from triplepoint.routing.evaluation.datasets import Labelled, read_data
from triplepoint.routing.evaluation.folds import folds_of
from triplepoint.routing.guarantee.calibrate import (
    GRID,
    Judged,
    Matrix,
    Risks,
    Stamp,
    Vector,
    calibrate,
    choose_threshold,
    risks_below,
)
from triplepoint.routing.guarantee.labels import GOOD_FROM
from triplepoint.routing.guarantee.model import Certificates
from triplepoint.routing.training.assess import left_out_quality
from triplepoint.routing.training.fit import fit
from triplepoint.routing.training.recipe import Recipe
from triplepoint.stats.binomial import lower_bound

Rows = NDArray[np.intp]

_CONFIDENCE = 0.95
_STAMP = Stamp("", "", datetime.date(2026, 11, 26))
_LARGE = 200
"""Labels of a group that is looked at by itself."""
_MOST_BROKEN = 0.075
"""Share of resplits that may break a promise at 95 % confidence, noise of 300 resplits allowed for."""


class Trial(NamedTuple):
    """One promise, and what it is calibrated on."""

    misroute: float
    labels: int
    """Judged answers."""
    prompts: int = 0
    """Prompts of which those with the least risk are judged; 0: all are."""
    goal: float | None = None
    """Share that should be allowed to go down."""

    @property
    def drawn(self) -> int:
        """Prompts that are drawn to calibrate on."""
        return self.prompts or self.labels


_MMLU = (
    Trial(0.02, 2000, goal=0.20),
    Trial(0.02, 2000, 4000),
    Trial(0.05, 500),
    Trial(0.05, 2000, goal=0.45),
    Trial(0.05, 2000, 4000),
    Trial(0.08, 2000),
    Trial(0.10, 2000),
)
_GSM8K = (Trial(0.05, 450), Trial(0.10, 450))
_LOOKED_AT = (Trial(0.05, 450, goal=0.25), Trial(0.10, 450))


class Outcome(NamedTuple):
    """What came of many draws of labels."""

    downgraded: float
    """Mean share of the prompts that are counted on, on which a weaker model was allowed."""
    misroutes: float
    """Mean misroute rate on them, the worst of the allowed chosen."""
    broken: float
    """Share of draws in which it was above the promise."""


def judged_by_folds(data: Labelled, *, folds: int, seed: int, tagged: bool) -> Judged:
    """Score each prompt by weights of the other folds."""
    by_score = sorted(range(len(data.models)), key=lambda place: float(data.scores[:, place].mean()))
    data = data.only([data.models[place] for place in by_score])
    fitted = fit(data, Recipe(), folds=folds, seed=seed)
    return _judged(data, left_out_quality(fitted, data.scores, tagged=tagged))


def judged_after_answers(data: Labelled, answers: list[str], *, folds: int, seed: int) -> Judged:
    """Score each prompt and the weak model's answer to it by verifiers of the other folds; of both models."""
    pairs, quality = pairs_of(data.prompts, answers), np.zeros_like(data.scores)
    for fold in folds_of(data.prompts, folds=folds, seed=seed):
        for model in range(2):
            learnt = fit_verifier(pairs.rows(fold.train), data.scores[fold.train, model] >= GOOD_FROM, seed=seed)
            quality[fold.test, model] = learnt.expect(pairs.rows(fold.test))
    return _judged(data, quality)


def _judged(data: Labelled, quality: Matrix) -> Judged:
    return Judged(
        data.models, quality, (data.scores >= GOOD_FROM).astype(np.float64), data.groups, np.zeros(len(data), dtype=bool)
    )


def plug_in(harms: Vector, misroute: float) -> float:
    """Return the largest threshold at which the labels show no more than the promised rate."""
    counts = np.searchsorted(np.sort(harms), GRID, side="right")
    return float(GRID[np.flatnonzero(counts <= misroute * len(harms))[-1]])


def calibrated(risks: Risks, trial: Trial, splits: Iterable[tuple[Rows, Rows]], *, by_plug_in: bool = False) -> Outcome:
    """Choose a threshold on the first prompts of each split and count on the second."""
    counted: list[tuple[float, float]] = []
    for drawn, others in splits:
        harms = _known(Risks(risks.opens[drawn], risks.harms[drawn]), trial.labels)
        chosen = choose_threshold(harms, misroute=trial.misroute, confidence=_CONFIDENCE)
        threshold = plug_in(harms, trial.misroute) if by_plug_in else -1.0 if chosen is None else chosen
        counted.append((float((risks.opens[others] <= threshold).mean()), float((risks.harms[others] <= threshold).mean())))
    table = np.array(counted)
    return Outcome(float(table[:, 0].mean()), float(table[:, 1].mean()), float((table[:, 1] > trial.misroute).mean()))


def _known(risks: Risks, labels: int) -> Vector:
    """Return the harms, as far as the answers with the least risk tell; of the others the worst is taken."""
    unjudged = np.argsort(risks.opens, kind="stable")[labels:]
    harms = risks.harms.copy()
    harms[unjudged] = risks.opens[unjudged]
    return harms


def _splits(n: int, drawn: int, times: int) -> Iterator[tuple[Rows, Rows]]:
    generator = np.random.default_rng(1)
    for _ in range(times):
        order = generator.permutation(n)
        yield order[:drawn], order[drawn:]


def _draws(n: int, drawn: int, times: int) -> Iterator[tuple[Rows, Rows]]:
    generator = np.random.default_rng(1)
    for _ in range(times):
        yield generator.integers(0, n, drawn), np.arange(n)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="scored answers; default: MMLU and GSM8K of data/routing")
    parser.add_argument("--resplits", type=int, default=300)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--untagged", action="store_true", help="the group is told from the words")
    options = parser.parse_args()
    files = options.files or [Path("data/routing") / f"routellm_{name}.parquet" for name in ("mmlu", "gsm8k")]
    for file in files:
        data = read_data(file).complete()
        judged = judged_by_folds(data, folds=options.folds, seed=1, tagged=not options.untagged)
        trials = {"mmlu": _MMLU, "gsm8k": _GSM8K}.get(data.name.removeprefix("routellm_"), (Trial(0.05, len(data) // 2),))
        _print_trials(data.name, judged, trials, options.resplits)
        _print_groups(judged, options.resplits)
        answers = (data.answers or {}).get(data.models[0])
        if answers is not None and len(data.models) == 2:
            judged = judged_after_answers(data, answers, folds=options.folds, seed=1)
            _print_trials(f"{data.name} after the weak answer", judged, _LOOKED_AT, options.resplits)


def _print_trials(name: str, judged: Judged, trials: Sequence[Trial], times: int) -> None:
    risks = risks_below(judged, len(judged.models) - 1)
    n, base = len(risks.harms), float(np.isfinite(risks.harms).mean())
    print(f"\n{name}: {n:,} prompts, {len(judged.models)} models, {base:.1%} could be misrouted")
    head = f"{'promise':>8}{'judged':>8}{'of':>7}{'down':>8}{'misroutes':>11}{'broken':>8}{'of all':>8}"
    print(f"{head}   plug-in:{'down':>7}{'broken':>8}")
    for trial in trials:
        ours = calibrated(risks, trial, _splits(n, trial.drawn, times))
        exact = calibrated(risks, trial, _draws(n, trial.drawn, times))
        naive = calibrated(risks, trial, _splits(n, trial.drawn, times), by_plug_in=True)
        line = f"{trial.misroute:8.0%}{trial.labels:8,}{trial.drawn:7,}{ours.downgraded:8.1%}{ours.misroutes:11.2%}"
        line += f"{ours.broken:8.1%}{exact.broken:8.1%}           {naive.downgraded:7.1%}{naive.broken:8.1%}"
        print(line + _verdict(trial, ours, exact), flush=True)


def _verdict(trial: Trial, ours: Outcome, exact: Outcome) -> str:
    words = "" if exact.broken <= _MOST_BROKEN else "  BROKEN TOO OFTEN"
    if trial.goal is None:
        return words
    return f"{words}  goal ≥ {trial.goal:.0%} down: {'met' if ours.downgraded >= trial.goal else 'missed'}"


def _print_groups(judged: Judged, times: int, misroute: float = 0.05) -> None:
    """Calibrate on one half by group and with one threshold for all, and look at each large group of the other half."""
    n = len(judged.groups)
    if max(Counter(judged.groups).values()) >= n or len(set(judged.groups)) < 2:
        return
    groups = np.array(judged.groups)
    risks, reference = risks_below(judged, len(judged.models) - 1), judged.models[-1]
    above: dict[str, list[int]] = {"own certificate": [], "pooled certificate": [], "one threshold for all": []}
    shares: list[float] = []
    for drawn, others in _splits(n, n // 2, min(times, 100)):
        found = calibrate(_some(judged, drawn), misroute=misroute, confidence=_CONFIDENCE, stamp=_STAMP, references=[reference])
        promised = Certificates(tuple(found)).promised(misroute=misroute, confidence=_CONFIDENCE)
        common = choose_threshold(risks.harms[drawn], misroute=misroute, confidence=_CONFIDENCE) or 0.0
        down = 0
        for group in np.unique(groups[others]):
            rows = others[groups[others] == group]
            certificate = promised.find(reference, str(group))
            threshold = -1.0 if certificate is None or certificate.threshold is None else certificate.threshold
            down += int((risks.opens[rows] <= threshold).sum())
            if len(rows) < _LARGE:
                continue
            kind = "own certificate" if certificate is not None and certificate.group else "pooled certificate"
            above[kind].append(_is_above(risks, rows, threshold, misroute))
            above["one threshold for all"].append(_is_above(risks, rows, common, misroute))
        shares.append(down / len(others))
    print(f"by group, {misroute:.0%} from {n // 2:,} labels: {np.mean(shares):.1%} down")
    for kind, hits in above.items():
        if hits:
            print(f"  {kind}: {sum(hits)} of {len(hits):,} large groups above {misroute:.0%} by more than their own 95 % bound")


def _some(judged: Judged, rows: Rows) -> Judged:
    groups = [judged.groups[int(row)] for row in rows]
    return Judged(judged.models, judged.quality[rows], judged.good[rows], groups, judged.novel[rows])


def _is_above(risks: Risks, rows: Rows, threshold: float, misroute: float) -> bool:
    return lower_bound(int((risks.harms[rows] <= threshold).sum()), len(rows), confidence=_CONFIDENCE) > misroute


if __name__ == "__main__":
    main()
