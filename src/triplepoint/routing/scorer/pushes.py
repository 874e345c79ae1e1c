"""Which words and marks of a text moved a scorer's estimates: for explanations, and never on the path of a request."""

from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np

from triplepoint.routing.model import Push
from triplepoint.routing.scorer.tables import Floats, Tables
from triplepoint.routing.scorer.terms import BINS, MEASURES

SHOWN = 8
"""How many are told."""
_LEAST = 0.0005
"""What moves no estimate by that much is not worth telling."""


class Found(Protocol):
    """What a text has of the vocabulary, as `table.Found`."""

    @property
    def rows(self) -> list[int]:
        """Rows of its terms."""
        ...

    @property
    def marks(self) -> list[int]:
        """Rows of its marks' bins."""
        ...

    @property
    def measures(self) -> Floats:
        """Its measures in standard deviations."""
        ...

    @property
    def weight(self) -> float:
        """What a term's row counts for."""
        ...


def pushes_of(tables: Tables, found: Found, columns: Mapping[str, int]) -> tuple[Push, ...]:
    """Return what moved the estimates, what moved them furthest apart first.

    Args:
        found: Of the text; without signal, nothing moved.
        columns: Column of each model, by the name to tell it by.
    """
    if not found.rows:
        return ()
    moved = [one for one in _moved(tables, found) if np.abs(one[1]).max() >= _LEAST]
    moved.sort(key=lambda one: -float(np.ptp(one[1])))
    return tuple(
        Push(what, {model: round(float(by[column]), 6) for model, column in columns.items()}) for what, by in moved[:SHOWN]
    )


def _moved(tables: Tables, found: Found) -> Iterator[tuple[str, Floats]]:
    for row in found.rows:
        yield repr(tables.vocabulary[row]), tables.quality[row] * found.weight
    linear = len(tables.vocabulary) + len(MEASURES) * BINS
    for place, (name, row, value) in enumerate(zip(MEASURES, found.marks, found.measures.tolist(), strict=True)):
        yield name, tables.quality[row] + value * tables.quality[linear + place]
