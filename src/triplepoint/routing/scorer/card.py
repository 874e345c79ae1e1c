"""What a scorer's file says of itself: what it knows, what it was made from, and how good it was found to be."""

from typing import Final

import msgspec

FORMAT: Final = 1
"""Version of the file: its tensors, and how words and marks are read. A file of another version is refused, not guessed at."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One data set that it was trained on."""

    source: str
    """Where it comes from, in words."""
    licence: str
    """SPDX name and class, such as ``Apache-2.0 (class A)``; ``own traffic`` for a ledger's."""
    digest: str
    """SHA-256 of its rows."""
    rows: int


class Training(msgspec.Struct, frozen=True, kw_only=True):
    """How it was made; with the same data, the same again comes out."""

    made: str
    """Day (UTC), ISO 8601."""
    seed: int
    folds: int
    """Parts of the cross-validation that the measured quality comes from."""
    rows: int
    """Prompts."""
    recipe: dict[str, float | int | str | bool] = {}
    """Constants in force."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Quality of one model's estimates on prompts that were left out of the training, fold by fold."""

    model: str
    group: str = ""
    """Slice; empty: all."""
    rows: int
    mean_score: float
    """Mean of the labels."""
    ece: float
    """Expected calibration error, 15 bins of equal width."""
    brier: float
    """Mean squared error of the probability."""


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """How well it ranks the requests that a stronger model gains on, cross-validated."""

    weak: str
    strong: str
    rows: int
    apgr: float
    """Average performance gap recovered over all shares of strong calls, the caller's group known; 0.5 is a mix by chance."""
    apgr_low: float
    """Lower end of its 95 % bootstrap interval."""
    apgr_untagged: float
    """The same with the group told from the words alone."""
    apgr_groups: float
    """The same of the table of group means: what has to be beaten."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a scorer but its numbers."""

    models: tuple[str, ...]
    """Models, in the order of the columns."""
    groups: tuple[str, ...] = ()
    """Groups of requests, in the order of the rows."""
    vocabulary_sha256: str
    """Hash of the vocabulary that the weights belong to."""
    least_known: float = 0.0
    """Least share of a text's distinct pairs of neighbours that must be in the vocabulary, else there is no signal; words that
    are not in it count as one and the same."""
    farthest: float = 100.0
    """Farthest that a text's surface may lie from those learnt, else there is no signal; see `terms.distance_of`."""
    training: Training
    data: tuple[Source, ...] = ()
    prompts: str = ""
    """Sketch of the prompts that it was trained on, see `seen`: labels that it knows by heart certify nothing."""
    measured: tuple[Measured, ...] = ()
    pairs: tuple[Pair, ...] = ()
    notes: tuple[str, ...] = ()
    """What else a user should know, a sentence each."""
    format: int = FORMAT
