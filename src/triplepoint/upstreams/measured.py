"""What serving was measured to take: joules of the accelerators for a token of answer, by model, accelerator and batch.

The table is the text part of the ML.ENERGY Benchmark v3 (Chung et al., NeurIPS Datasets and Benchmarks 2025): steady state,
accelerators alone, read from their counters. The tokens of the question are within the figure for a token of answer.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from triplepoint.settings import Gpu, Precision


@dataclass(frozen=True, slots=True)
class Measurement:
    """One run of the benchmark."""

    model: str
    """Name on the model hub."""
    task: str
    """``lm-arena-chat``, ``gpqa`` (long reasoning) or ``sourcegraph-fim`` (completion of code with long input)."""
    precision: Precision
    total_params_b: float
    active_params_b: float
    """Billions of parameters that work on each token."""
    gpu: Gpu
    gpus: int
    parallel: str
    """How the model is spread: ``tensor-expert-data``."""
    batch: float
    """Generations at once, on average."""
    j_per_output_token: float


@cache
def measurements() -> Sequence[Measurement]:
    """Return every row of the table."""
    text = resources.files("triplepoint.upstreams").joinpath("data/measured_models.csv").read_text("utf-8")
    return tuple(_measurement(row) for row in csv.DictReader(text.splitlines()))


@cache
def measured_models() -> Sequence[str]:
    """Return the names of the measured models."""
    return tuple(dict.fromkeys(row.model for row in measurements()))


def _measurement(row: dict[str, str]) -> Measurement:
    return Measurement(
        model=row["model"],
        task=row["task"],
        precision=Precision(row["precision"]),
        total_params_b=float(row["total_params_b"]),
        active_params_b=float(row["active_params_b"]),
        gpu=Gpu(row["gpu"]),
        gpus=int(row["gpus"]),
        parallel=f"{row['tensor_parallel']}-{row['expert_parallel']}-{row['data_parallel']}",
        batch=float(row["batch"]),
        j_per_output_token=float(row["j_per_output_token"]),
    )
