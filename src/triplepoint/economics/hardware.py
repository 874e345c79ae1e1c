"""What accelerators and processors can do and draw, and what follows for a token."""

import math
from dataclasses import dataclass

from triplepoint.economics.mixture import Part, factor, product
from triplepoint.settings import Gpu, Precision

BYTES: dict[Precision, float] = {Precision.BF16: 2.0, Precision.FP8: 1.0, Precision.FP4: 0.55}
"""Bytes of a weight; of the four-bit form with its scales."""


@dataclass(frozen=True, slots=True)
class Accelerator:
    """Figures of the maker's data sheet."""

    bytes_per_s: float
    """Of its memory."""
    flops: float
    """Dense, sixteen bit."""
    watts: float
    """Most that the board draws."""
    memory_gb: float


ACCELERATORS: dict[Gpu, Accelerator] = {
    Gpu.A100: Accelerator(2.04e12, 312e12, 400, 80),
    Gpu.H100: Accelerator(3.35e12, 989e12, 700, 80),
    Gpu.H200: Accelerator(4.8e12, 989e12, 700, 141),
    Gpu.B200: Accelerator(8.0e12, 2250e12, 1000, 180),
    Gpu.L40S: Accelerator(0.864e12, 362e12, 350, 48),
    Gpu.MI300X: Accelerator(5.3e12, 1307e12, 750, 192),
}

MEASURED_GPUS = (Gpu.H100, Gpu.B200)
"""Accelerators of the benchmark."""

_DRAWN = 0.9
"""Share of its most that a board draws while it reads a prompt, when it computes without a pause."""
_REACHED = 0.4
"""Share of its operations that a board reaches at that; 0.2 to 0.8 nine times in ten."""
_CACHED_SHARE = 1e-3
"""A cached token costs the reading of what the cache holds of it: for the Llama 3.1 models between 0.0001 and 0.001 of
reading it afresh, out of the board's own memory; from elsewhere it is dearer. Within ten times either way."""

_THREAD_S_PER_B_OUTPUT = 0.08
"""Seconds of one thread for a token of answer and a billion parameters, in four bits: 0.065 to 0.096 measured with the
embedded family on one core of a server."""
_THREAD_S_PER_B_INPUT = 0.025
"""The same for a token of the prompt: 0.020 to 0.029 measured."""
_THREAD_WATTS = 8.0


def prefill_j(gpu: Gpu, active_params_b: float) -> list[Part]:
    """Work out the joules of the accelerators for a token of the prompt that is read afresh.

    Args:
        gpu: The accelerator; how many there are does not matter, since they share the work.
        active_params_b: Billions of parameters that work on each token.
    Source: two operations for a parameter and token (Kaplan et al. 2020, arXiv 2001.08361, section 2.1), at a share of the
        board's operations and power.
    """
    board = ACCELERATORS[gpu]
    return factor(2 * active_params_b * 1e9 / (board.flops * _REACHED) * board.watts * _DRAWN, within=2.0)


def cached_of(fresh: list[Part]) -> list[Part]:
    """Work out what a cached token takes from what one read afresh does."""
    return product(fresh, factor(_CACHED_SHARE, within=10.0))


def processor_j(params_b: float, *, thread_watts: float | None, is_output: bool) -> list[Part]:
    """Work out the joules of a processor for a token, with memory and board.

    Args:
        params_b: Billions of parameters.
        thread_watts: What a busy thread draws; None: 8, within twice either way.
        is_output: A token of the answer; else one of the prompt.
    """
    seconds = factor((_THREAD_S_PER_B_OUTPUT if is_output else _THREAD_S_PER_B_INPUT) * params_b, within=2.0)
    watts = factor(_THREAD_WATTS, within=2.0) if thread_watts is None else factor(thread_watts, within=1.1)
    return product(seconds, watts)


def fewest_gpus(gpu: Gpu, total_params_b: float, precision: Precision) -> int:
    """Return the fewest accelerators, a power of two up to 16, two thirds of whose memory hold the weights."""
    needed = total_params_b * BYTES[precision] / (ACCELERATORS[gpu].memory_gb * 2 / 3)
    return 2 ** min(max(math.ceil(math.log2(needed)), 0), 4) if needed > 1 else 1
