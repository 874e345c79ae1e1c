"""Energy of a token of answer where the model was measured: a smooth curve through its runs, over the batch.

Between measured batches the curve is monotone wherever the measurements are (a cubic by Fritsch and Carlson, in logarithms of
batch and of joules). Beyond them it goes on as the regression of `decode.py` says, and its error grows.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from triplepoint.economics.decode import Serving, features, load_fit, predict
from triplepoint.economics.mixture import Z90, Part
from triplepoint.upstreams.measured import Measurement

REASONING = "gpqa"
"""The benchmark's task with answers of thousands of tokens."""
CONVERSATION = ("lm-arena-chat", REASONING)
"""Tasks whose input is short. In the third, completion of code, most of the energy of a token of answer is that of its long
input, which is worked out apart here and would be counted twice."""

_BETWEEN_WITHIN = 1.09
"""Nine of ten measurements left out were within this of the curve through the others (`tools/energy.py`)."""
_WORK_WITHIN = 1.4
"""How far your work may be from the benchmark's of the same kind, chat or reasoning: a judgement."""
_OTHER_KIND = 1.3
"""Reasoning over chat, for a token of the same model on the same machine at the same batch: the mean of 31 pairs."""
_OTHER_KIND_WITHIN = 2.0
"""Nine of ten pairs were within this of it."""
_BEYOND_WITHIN = 1.3
"""Further error for each factor of e by which a batch is beyond the measured ones."""
_SAME_BATCH = 0.02
"""Logarithms of batches nearer than that are one batch, measured twice."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Runs that differ in the batch alone."""

    serving: Serving
    """Of the first run."""
    ln_batch: tuple[float, ...]
    """Ascending."""
    ln_j: tuple[float, ...]


def curves(rows: Iterable[Measurement]) -> list[Curve]:
    """Gather runs into curves, in a stable order."""
    ordered = sorted(rows, key=lambda row: (*_cell(row), row.batch))
    return [_curve(list(group)) for _, group in groupby(ordered, key=_cell)]


def table_parts(found: Sequence[Curve], batches: Sequence[tuple[float, float]]) -> list[Part]:
    """Mix what the curves say of joules for a token of answer; chat and reasoning count alike.

    Where one of them was not measured, it is worked out from the other.

    Args:
        found: At least one curve.
        batches: Batches that are possible, each with its weight.
    """
    parts: list[Part] = []
    for is_reasoning in (False, True):
        same = [curve for curve in found if curve.serving.is_reasoning == is_reasoning]
        shift = 0.0 if same else math.log(_OTHER_KIND) * (1 if is_reasoning else -1)
        sigma = math.log(_WORK_WITHIN if same else _OTHER_KIND_WITHIN) / Z90
        for curve in same or found:
            share = 0.5 / len(same or found)
            parts += [_at(curve, batch, weight * share, shift, sigma) for batch, weight in batches]
    return parts


def interpolate(xs: Sequence[float], ys: Sequence[float], x: float) -> float:
    """Read a monotone cubic between points.

    Args:
        xs: Ascending, at least one.
        ys: As many.
        x: Within the first and last of ``xs``.
    Source: Fritsch and Butland 1984, doi 10.1137/0905021, slopes by weighted harmonic means; one-sided slopes at the ends.
    """
    if len(xs) == 1:
        return ys[0]
    steps = [b - a for a, b in pairwise(xs)]
    rises = [(b - a) / h for (a, b), h in zip(pairwise(ys), steps, strict=True)]
    slopes = _slopes(steps, rises)
    i = min(max(bisect_right(xs, x) - 1, 0), len(steps) - 1)
    h, t = steps[i], (x - xs[i]) / steps[i]
    return (
        (2 * t**3 - 3 * t**2 + 1) * ys[i]
        + (t**3 - 2 * t**2 + t) * h * slopes[i]
        + (3 * t**2 - 2 * t**3) * ys[i + 1]
        + (t**3 - t**2) * h * slopes[i + 1]
    )


def _slopes(steps: Sequence[float], rises: Sequence[float]) -> list[float]:
    if len(steps) == 1:
        return [rises[0], rises[0]]
    inner: list[float] = []
    for (h0, h1), (d0, d1) in zip(pairwise(steps), pairwise(rises), strict=True):
        w0, w1 = 2 * h1 + h0, h1 + 2 * h0
        inner.append((w0 + w1) / (w0 / d0 + w1 / d1) if d0 * d1 > 0 else 0.0)
    return [_end(steps[0], steps[1], rises[0], rises[1]), *inner, _end(steps[-1], steps[-2], rises[-1], rises[-2])]


def _end(h0: float, h1: float, d0: float, d1: float) -> float:
    slope = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1)
    if slope * d0 <= 0:
        return 0.0
    return 3 * d0 if d0 * d1 <= 0 and abs(slope) > 3 * abs(d0) else slope


def _at(curve: Curve, batch: float, weight: float, shift: float, work: float) -> Part:
    ln = math.log(batch)
    held = min(max(ln, curve.ln_batch[0]), curve.ln_batch[-1])
    level = interpolate(curve.ln_batch, curve.ln_j, held) + shift
    sigma = math.hypot(work, math.log(_BETWEEN_WITHIN) / Z90)
    if held != ln:
        level += _regressed(curve, ln) - _regressed(curve, held)
        sigma = math.hypot(sigma, abs(ln - held) * math.log(_BEYOND_WITHIN) / Z90)
    return Part(weight, level, sigma)


def _regressed(curve: Curve, ln_batch: float) -> float:
    there = curve.serving
    at = Serving(
        there.gpu,
        there.gpus,
        there.precision,
        there.active_params_b,
        there.total_params_b,
        math.exp(ln_batch),
        there.is_reasoning,
    )
    return predict(load_fit(), features(at))


def _cell(row: Measurement) -> tuple[str, str, str, int, str]:
    return row.model, row.task, row.gpu, row.gpus, row.parallel


def _curve(rows: list[Measurement]) -> Curve:
    groups: list[list[Measurement]] = []
    for row in rows:
        if groups and math.log(row.batch / groups[-1][-1].batch) < _SAME_BATCH:
            groups[-1].append(row)
        else:
            groups.append([row])
    return Curve(
        serving(rows[0]),
        tuple(sum(math.log(row.batch) for row in group) / len(group) for group in groups),
        tuple(sum(math.log(row.j_per_output_token) for row in group) / len(group) for group in groups),
    )


def serving(row: Measurement) -> Serving:
    """Describe a run to the regression."""
    return Serving(row.gpu, row.gpus, row.precision, row.active_params_b, row.total_params_b, row.batch, row.task == REASONING)
