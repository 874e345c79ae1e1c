"""The numbers of a scorer: one row of weights for each term and mark, the means of the groups, the correction of each model."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from triplepoint.routing.scorer.terms import BINS, MEASURES

Floats = NDArray[np.float32]

MARKS: Final = len(MEASURES) * (BINS + 1)
"""Rows of marks: a row for each bin of each measure, then one for each measure as it is."""
LARGEST_NUMBER: Final = 1e7
"""Beyond it a number is damage: sums of such numbers stay far from overflow."""
SMALLEST_DIVISOR: Final = 0.01
"""Least of what is divided by."""
NEVER_LEARNT: Final = 0.0
"""Stands in ``group_output_tokens`` for a model whose answers' length is not known."""


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """What is learnt, as arrays; ``n`` terms, ``m`` models, ``g`` groups, ``k`` measures.

    A text's sum for a model is what its group begins with, plus its terms' rows (divided by the length of the text's vector of
    rarities), plus the rows of its marks. `knots_in` and `knots_out` turn the sum into a probability.
    """

    vocabulary: tuple[str, ...]
    """Terms, sorted; a pair of neighbours is two words with a space between."""
    rarity: Floats
    """[n] Rarity of a term: ``ln((1 + prompts) / (1 + prompts that hold it)) + 1``."""
    quality: Floats
    """[n + MARKS, m] What a term adds to the probability of a good answer; rarity is multiplied in."""
    length: Floats
    """[n + MARKS, m] What it adds to the natural logarithm of the output tokens."""
    membership: Floats
    """[n + MARKS, g] What it adds to the log-odds of a group."""
    marks_centre: Floats
    """[k] Mean of ``ln(1 + measure)``."""
    marks_spread: Floats
    """[k] Standard deviation of the same, above 0."""
    marks_whitening: Floats
    """[k, k] Turns measures in standard deviations into ones that vary each for itself; see `terms.distance_of`."""
    marks_edges: Floats
    """[k, BINS − 1] Upper edges of the bins of ``ln(1 + measure)``, not falling."""
    group_base: Floats
    """[g + 1, m] What the sum begins with in each group; the last row is for texts of no group."""
    group_measures: Floats
    """[g + 1, k, m] What each measure, in standard deviations, adds in a group beyond its own row of ``quality``."""
    group_quality: Floats
    """[g + 1, m] Shrunken mean score of each group; the last row is that of all. It stands where a text tells nothing."""
    group_output_tokens: Floats
    """[g + 1, m] Shrunken mean of output tokens; `NEVER_LEARNT` where it is not known of the group."""
    group_prior: Floats
    """[g] Log-odds of a group before a word is read."""
    knots_in: Floats
    """[m, points] Sums, rising."""
    knots_out: Floats
    """[m, points] Probabilities that were measured there, not falling."""


ARRAYS: Final = tuple(field.name for field in dataclasses.fields(Tables) if field.name != "vocabulary")
"""Names of the arrays, which are those of the tensors."""


def faults_of(tables: Tables, *, models: int, groups: int) -> list[str]:
    """Say everything that is wrong with tables, in words; nothing is wrong where the list is empty.

    Args:
        models, groups: How many the card names.
    """
    return _shape_faults(tables, models, groups) or _number_faults(tables) or _range_faults(tables)


def _shape_faults(tables: Tables, models: int, groups: int) -> list[str]:
    terms, measures = len(tables.vocabulary), len(MEASURES)
    points = tables.knots_in.shape[-1] if tables.knots_in.ndim == 2 else 0
    wanted = {
        "rarity": (terms,),
        "quality": (terms + MARKS, models),
        "length": (terms + MARKS, models),
        "membership": (terms + MARKS, groups),
        "marks_centre": (measures,),
        "marks_spread": (measures,),
        "marks_whitening": (measures, measures),
        "marks_edges": (measures, BINS - 1),
        "group_base": (groups + 1, models),
        "group_measures": (groups + 1, measures, models),
        "group_quality": (groups + 1, models),
        "group_output_tokens": (groups + 1, models),
        "group_prior": (groups,),
        "knots_in": (models, points),
        "knots_out": (models, points),
    }
    faults = [
        f"tensor {name} has shape {_array(tables, name).shape} instead of {shape}"
        for name, shape in wanted.items()
        if _array(tables, name).shape != shape
    ]
    return faults or ([] if points > 1 else ["tensor knots_in has fewer than two points"])


def _number_faults(tables: Tables) -> list[str]:
    wild = [name for name in ARRAYS if not (np.abs(_array(tables, name)) <= LARGEST_NUMBER).all()]
    return [f"tensor {name} holds numbers that are not finite, or beyond {LARGEST_NUMBER:,.0f}" for name in wild]


def _range_faults(tables: Tables) -> list[str]:
    checks: dict[str, Any] = {
        "the vocabulary is not sorted, or has a term twice": all(
            a < b for a, b in zip(tables.vocabulary, tables.vocabulary[1:], strict=False)
        ),
        f"tensor rarity is below {SMALLEST_DIVISOR}": (tables.rarity >= SMALLEST_DIVISOR).all(),
        f"tensor marks_spread is below {SMALLEST_DIVISOR}": (tables.marks_spread >= SMALLEST_DIVISOR).all(),
        "tensor marks_edges falls": (np.diff(tables.marks_edges, axis=1) >= 0).all(),
        "tensor group_quality leaves 0…1": _is_probability(tables.group_quality),
        "tensor group_output_tokens is below 0": (tables.group_output_tokens >= 0).all(),
        "tensor knots_in does not rise": (np.diff(tables.knots_in, axis=1) > 0).all(),
        "tensor knots_out leaves 0…1 or falls": _is_probability(tables.knots_out)
        and (np.diff(tables.knots_out, axis=1) >= 0).all(),
    }
    return [fault for fault, holds in checks.items() if not holds]


def _is_probability(values: Floats) -> bool:
    return bool(((values >= 0) & (values <= 1)).all())


def _array(tables: Tables, name: str) -> Floats:
    array: Floats = getattr(tables, name)
    return array
