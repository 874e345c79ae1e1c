"""The constants of training, each found by cross-validation on the public sets; docs/tried.md says what else was tried."""

from typing import Final

import msgspec

STRENGTHS: Final = (2.5, 5.0, 10.0, 20.0, 40.0, 80.0)
"""How strongly weights may be held near nothing; what the data favour is taken, one for each direction of the scores."""


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """How much each kind of column is trusted: the share of a text's variance that it may explain beforehand."""

    terms: float = 0.5
    """Words and pairs, together."""
    topics: float = 0.2
    """Directions in which texts vary most."""
    bins: float = 0.15
    """Bins of the surface's measures."""
    measures: float = 0.1
    """The measures themselves."""
    measures_by_group: float = 0.1
    """The measures, in each group for itself."""
    groups: float = 0.125
    """The group, beyond its shrunken mean."""
    directions: int = 60
    """How many of the directions are kept."""
    least_prompts: int = 2
    """Prompts that must hold a term."""
    most_terms: int = 20_000
    """Terms that are kept: those in most prompts."""
    membership_strength: float = 2.0
    """The same for the weights that tell the group from the words."""
    membership_steps: int = 15
    """Steps of their solver; stopping early holds them near nothing too."""
