"""Cross-validation: what a router says of a prompt comes from one that never saw that prompt."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from triplepoint.foundation.errors import RequestInvalid

Places = NDArray[np.intp]

LEAST: Final = 20
"""Prompts; with fewer there is nothing to learn from or to tell."""

_OTHER: Final = re.compile(r"[^\w]+")


class Fold(NamedTuple):
    """One part that is predicted, from all others."""

    train: Places
    test: Places


def folds_of(prompts: Sequence[str], *, folds: int, seed: int) -> list[Fold]:
    """Split rows into parts of about equal size, so that a prompt is never on both sides.

    Prompts that differ in case, spaces or punctuation only are one. Rows without a text are each their own.

    Args:
        folds: Number of parts, at least 2.
        seed: The same seed gives the same parts.
    Raises: RequestInvalid: there are fewer than two parts, or fewer than twenty prompts.
    """
    keys = [_OTHER.sub(" ", prompt.lower()).strip() or str(row) for row, prompt in enumerate(prompts)]
    _, units = np.unique(keys, return_inverse=True)
    size = int(units.max()) + 1 if keys else 0
    if folds < 2 or size < LEAST:
        raise RequestInvalid(f"{size} different prompts in {folds} folds; at least {LEAST} in 2 are needed", param="folds")
    parts = np.random.default_rng(seed).permutation(np.arange(size) % folds)[units]
    return [Fold(np.flatnonzero(parts != part), np.flatnonzero(parts == part)) for part in range(folds)]
