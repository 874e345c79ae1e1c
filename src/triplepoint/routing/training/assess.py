"""How good a scorer is, measured on prompts that its weights and its curves had not seen."""

from collections.abc import Iterator, Sequence

import numpy as np

from triplepoint.routing.evaluation.calibration import reliability
from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.evaluation.pairs import Ranking, apgr, apgr_draws
from triplepoint.routing.evaluation.resampling import Resamples, interval
from triplepoint.routing.scorer.card import Measured, Pair
from triplepoint.routing.training.arrays import Matrix, Rows
from triplepoint.routing.training.fit import Fit
from triplepoint.routing.training.knots import fit_curves

_DRAWS = 400
_DIGITS = 4


def left_out_quality(fit: Fit, scores: Matrix, *, tagged: bool = True) -> Matrix:
    """Return each prompt's probabilities from curves that were fitted on the sums of other folds.

    Args:
        scores: Prompts × models; NaN: unknown.
        tagged: The caller names the group.
    """
    sums = [fit.tagged] if fit.tagged is fit.untagged else [fit.tagged, fit.untagged]
    asked = fit.tagged if tagged else fit.untagged
    quality = np.zeros_like(asked)
    for fold in fit.folds:
        curves = fit_curves([one[fold.train] for one in sums], scores[fold.train])
        quality[fold.test] = np.column_stack([curve(asked[fold.test, m]) for m, curve in enumerate(curves)])
    return quality


def measure_models(data: Labelled, quality: Matrix) -> tuple[Measured, ...]:
    """Measure each model's probabilities, on all prompts and in each group."""
    groups = np.array(data.groups)
    slices = [("", np.arange(len(data)))]
    slices += [(group, np.flatnonzero(groups == group)) for group in sorted(set(data.groups) - {""})]
    return tuple(
        measured
        for group, rows in slices
        for place, model in enumerate(data.models)
        if (measured := _measure(model, group, quality[rows, place], data.scores[rows, place])) is not None
    )


def _measure(model: str, group: str, quality: Matrix, scores: Matrix) -> Measured | None:
    known = ~np.isnan(scores)
    if not known.any():
        return None
    quality, scores = quality[known], scores[known]
    return Measured(
        model=model,
        group=group,
        rows=len(scores),
        mean_score=round(float(scores.mean()), _DIGITS),
        ece=round(reliability(quality, scores).error, _DIGITS),
        brier=round(float(((quality - scores) ** 2).mean()), _DIGITS),
    )


def measure_pairs(data: Labelled, fit: Fit, *, seed: int) -> tuple[Pair, ...]:
    """Measure how each model is ranked against the strongest by mean score, where it gains on it on the whole."""
    tagged, untagged = left_out_quality(fit, data.scores), left_out_quality(fit, data.scores, tagged=False)
    means = fit.group_means if fit.groups else np.zeros_like(tagged)  # without groups, folds would differ by chance alone
    return tuple(_pairs(data, (tagged, untagged, means), seed))


def _pairs(data: Labelled, qualities: Sequence[Matrix], seed: int) -> Iterator[Pair]:
    strong = int(np.nanmean(data.scores, axis=0).argmax())
    for weak, model in enumerate(data.models):
        rows: Rows = np.flatnonzero(~np.isnan(data.scores[:, [weak, strong]]).any(axis=1))
        if weak == strong or not rows.size or data.scores[rows, strong].mean() <= data.scores[rows, weak].mean():
            continue
        tagged, untagged, means = (
            Ranking(quality[rows, strong] - quality[rows, weak], data.scores[rows, weak], data.scores[rows, strong])
            for quality in qualities
        )
        kept: list[int] = rows.tolist()
        resamples = Resamples.draw([data.prompts[row] for row in kept], draws=_DRAWS, seed=seed)
        spread = interval(apgr(tagged), apgr_draws(tagged, resamples))
        yield Pair(
            weak=model,
            strong=data.models[strong],
            rows=len(rows),
            apgr=round(spread.value, _DIGITS),
            apgr_low=round(spread.low, _DIGITS),
            apgr_untagged=round(apgr(untagged), _DIGITS),
            apgr_groups=round(apgr(means), _DIGITS),
        )
