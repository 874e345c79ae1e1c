"""Which words and marks of a text moved a scorer's estimates: for explanations, and never on the path of a request."""

from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from triplepoint.routing.model import Push
from triplepoint.routing.scorer.tables import Floats, Tables
from triplepoint.routing.scorer.terms import MEASURES

SHOWN = 8
"""How many are told."""
_LEAST = 0.0005
"""What moves no estimate by that much is not worth telling."""


class Found(Protocol):
    """What a text has of the vocabulary, as `table.Found`."""

    @property
    def rows(self) -> NDArray[np.intp]:
        """Rows of its terms, of its measures' bins, and of the measures themselves."""
        ...

    @property
    def counts(self) -> Floats:
        """What each row counts for."""
        ...

    @property
    def terms(self) -> int:
        """How many of the rows are terms."""
        ...


def pushes_of(tables: Tables, found: Found, slopes: Floats, columns: Mapping[str, int]) -> tuple[Push, ...]:
    """Return what moved the estimates, what moved them furthest apart first.

    Args:
        found: Of the text; it has a signal.
        slopes: [measures, models] What each measure adds in the text's groups, beyond its own row.
        columns: Column of each model, by the name to tell it by.
    """
    moved = [one for one in _moved(tables, found, slopes) if np.abs(one[1]).max() >= _LEAST]
    moved.sort(key=lambda one: -float(np.ptp(one[1])))
    return tuple(
        Push(what, {model: round(float(by[column]), 6) for model, column in columns.items()}) for what, by in moved[:SHOWN]
    )


def _moved(tables: Tables, found: Found, slopes: Floats) -> Iterator[tuple[str, Floats]]:
    moved = tables.quality[found.rows] * found.counts[:, None]
    rows: list[int] = found.rows[: found.terms].tolist()
    for row, by in zip(rows, moved, strict=False):
        yield repr(tables.vocabulary[row]), by
    kinds = len(MEASURES)
    bins, linear = moved[found.terms : -kinds], moved[-kinds:] + slopes * found.counts[-kinds:, None]
    yield from zip(MEASURES, bins + linear, strict=True)
