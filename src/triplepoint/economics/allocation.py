"""Shares a counter's energy out among the requests of its window, to the last joule.

A counter of an accelerator counts for everybody on it, and refreshes ten times a second, so a request's energy is never read:
it is a share of a window of a second or more. What a token of each kind weighs is learned from many windows; what the board
draws with nothing to do is nobody's, and stays apart.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Work:
    """What a request did within a window."""

    input_tokens: float = 0.0
    """Read afresh."""
    output_tokens: float = 0.0
    context_tokens: float = 0.0
    """Sum over its tokens of answer of the context that each had to look at."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time between two readings of a counter."""

    seconds: float
    """At least 1."""
    joules: float
    """Difference of the readings."""
    work: Mapping[str, Work] = field(default_factory=dict[str, Work])
    """By request."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Joules for each thing that is counted; all at least 0."""

    input_j: float
    output_j: float
    context_j: float
    idle_w: float
    """Watts with nothing to do."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """A window's energy, shared out."""

    requests: Mapping[str, float]
    """Joules, by request."""
    idle_j: float


def learn_weights(windows: Sequence[Window]) -> Weights:
    """Learn the weights by least squares, none below 0.

    Args:
        windows: Windows with different mixes of work, some of them idle; at least four.
    Raises: ValueError: too few windows, or all alike.
    Source: Zeus (You et al. 2023, arXiv 2208.06102) for windows of a counter; the fit is ordinary non-negative least squares
        (Lawson and Hanson 1974), by trying each set of weights that are above 0.
    """
    rows = [_row(window) for window in windows]
    scale = [max(column) or 1.0 for column in zip(*rows, strict=True)]
    scaled = [[x / s for x, s in zip(row, scale, strict=True)] for row in rows]
    if len(rows) < len(scale):
        raise ValueError(f"{len(rows)} windows are too few to learn {len(scale)} weights from")
    targets = [window.joules for window in windows]
    best: tuple[float, list[float]] | None = None
    for size in range(1, len(scale) + 1):
        for chosen in itertools.combinations(range(len(scale)), size):
            found = _least_squares([[row[i] for i in chosen] for row in scaled], targets)
            if found is None or min(found) < 0:
                continue
            weights = [0.0] * len(scale)
            for i, weight in zip(chosen, found, strict=True):
                weights[i] = weight
            error = math.fsum((_dot(row, weights) - y) ** 2 for row, y in zip(scaled, targets, strict=True))
            if best is None or error < best[0]:
                best = (error, weights)
    if best is None:
        raise ValueError("no weights explain these windows; they are all alike, or without energy")
    return Weights(*(weight / s for weight, s in zip(best[1], scale, strict=True)))


def allocate(window: Window, weights: Weights) -> Allocation:
    """Share a window's energy out: the shares and the idle rest add up to it.

    Where nothing was done that weighs anything, all of it is idle.
    """
    parts = {name: _weigh(work, weights) for name, work in window.work.items()}
    total = math.fsum(parts.values())
    if total <= 0:
        return Allocation(dict.fromkeys(parts, 0.0), window.joules)
    idle = min(weights.idle_w * window.seconds, window.joules)
    active = window.joules - idle
    shares = {name: active * part / total for name, part in parts.items()}
    return Allocation(shares, window.joules - math.fsum(shares.values()))


def _row(window: Window) -> list[float]:
    work = window.work.values()
    return [
        math.fsum(one.input_tokens for one in work),
        math.fsum(one.output_tokens for one in work),
        math.fsum(one.context_tokens for one in work),
        window.seconds,
    ]


def _weigh(work: Work, weights: Weights) -> float:
    counted = (work.input_tokens, work.output_tokens, work.context_tokens)
    return _dot(counted, (weights.input_j, weights.output_j, weights.context_j))


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


def _least_squares(rows: Sequence[Sequence[float]], targets: Sequence[float]) -> list[float] | None:
    """Solve the normal equations by elimination; None where they have no single answer."""
    size = len(rows[0])
    lines = [
        [
            *(math.fsum(row[i] * row[j] for row in rows) for j in range(size)),
            math.fsum(r[i] * y for r, y in zip(rows, targets, strict=True)),
        ]
        for i in range(size)
    ]
    largest = max(abs(x) for line in lines for x in line[:-1])
    for i in range(size):
        pivot = max(range(i, size), key=lambda k: abs(lines[k][i]))
        if abs(lines[pivot][i]) <= 1e-12 * largest:
            return None
        lines[i], lines[pivot] = lines[pivot], lines[i]
        for k in range(size):
            if k != i:
                share = lines[k][i] / lines[i][i]
                lines[k] = [a - share * b for a, b in zip(lines[k], lines[i], strict=True)]
    return [lines[i][size] / lines[i][i] for i in range(size)]
