"""Energy of a token of answer where the model was not measured: physics, corrected by what was measured.

A step of a server reads the weights that the batch touches and computes for each generation. That gives a time, the time a
power, and both the energy of a token; but it leaves out what engines lose. A ridge regression on the logarithm learned those
losses from the public table (`tools/energy.py` fits it and says how well it does on families that it has not seen).
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from triplepoint.economics.hardware import ACCELERATORS, BYTES, MEASURED_GPUS
from triplepoint.economics.mixture import Z90, Part
from triplepoint.settings import Gpu, Precision

_MEMORY_REACHED = 0.6
_FLOPS_REACHED = 0.35
_STEP_S = 0.006
"""Time of a step that neither memory nor arithmetic explains."""
_DOUBLING_S = 0.0015
"""What each doubling of the accelerators adds to a step."""
_OTHER_GPU_WITHIN = 1.5
"""Further error, nine times in ten, on an accelerator that the table does not have: a judgement, no measurement."""
_BEYOND_WITHIN = 1.5
"""Further error for each factor of e by which a model is smaller or larger than any in the table: a judgement."""
_SIZES_B = (3.0, 405.0)
"""Active parameters of the smallest and the largest measured model, billions."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A model on accelerators."""

    gpu: Gpu
    gpus: int
    precision: Precision
    active_params_b: float
    total_params_b: float
    batch: float
    """Generations at once on one copy."""
    is_reasoning: bool = False
    """Answers are thousands of tokens long."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients, as ``data/decode_fit.json`` holds them."""

    mean: tuple[float, ...]
    """Of each feature."""
    weight: tuple[float, ...]
    """For a feature less its mean."""
    level: float
    """Mean of the logarithm of joules for a token."""
    within: float
    """Factor within which nine of ten predictions for an unseen family were."""


def decode_j(serving: Serving) -> Part:
    """Estimate the joules of all accelerators for a token of answer."""
    fit = load_fit()
    sigma = math.log(fit.within) / Z90
    if serving.gpu not in MEASURED_GPUS:
        sigma = math.hypot(sigma, math.log(_OTHER_GPU_WITHIN) / Z90)
    beyond = max(math.log(_SIZES_B[0] / serving.active_params_b), math.log(serving.active_params_b / _SIZES_B[1]), 0.0)
    sigma = math.hypot(sigma, beyond * math.log(_BEYOND_WITHIN) / Z90)
    return Part(1.0, predict(fit, features(serving)), sigma)


def predict(fit: Fit, row: Sequence[float]) -> float:
    """Return the logarithm of joules for a token."""
    return fit.level + math.fsum(w * (x - m) for w, x, m in zip(fit.weight, row, fit.mean, strict=True))


def features(serving: Serving) -> list[float]:
    """Describe a serving to the regression.

    Source: roofline of a decoding step, Pope et al. 2023, arXiv 2211.05102; the experts that a batch touches by the chance
        that none of its tokens chose one.
    """
    board = ACCELERATORS[serving.gpu]
    active, total, n, batch = serving.active_params_b, serving.total_params_b, serving.gpus, serving.batch
    touched = total * (1 - (1 - active / total) ** batch) if total > active else total
    reading_s = touched * 1e9 * BYTES[serving.precision] / (n * board.bytes_per_s * _MEMORY_REACHED)
    computing_s = 2 * active * 1e9 * batch / (n * board.flops * _FLOPS_REACHED)
    step_s = _STEP_S + _DOUBLING_S * math.log2(n) + reading_s + computing_s
    ln_b = math.log(batch)
    is_mixture = float(total > 1.01 * active)
    is_b200 = float(serving.gpu == Gpu.B200)
    return [
        math.log(n * board.watts * step_s / batch),
        ln_b,
        ln_b**2 / 10,
        math.log(n),
        is_b200,
        math.log(active),
        math.log(total),
        is_mixture,
        float(serving.precision == Precision.FP8),
        float(serving.precision == Precision.FP4),
        math.log(reading_s / step_s),
        math.log(computing_s / step_s),
        math.log(reading_s) * ln_b / 10,
        is_b200 * ln_b / 10,
        is_mixture * ln_b / 10,
        math.log(n) * ln_b / 10,
        float(serving.is_reasoning),
        float(serving.is_reasoning) * ln_b / 10,
    ]


@cache
def load_fit() -> Fit:
    """Read the coefficients."""
    held = json.loads(resources.files("triplepoint.economics").joinpath("data/decode_fit.json").read_text("utf-8"))
    return Fit(tuple(held["mean"]), tuple(held["weight"]), held["level"], held["within"])
