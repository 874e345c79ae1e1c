"""Labelled prompts made by chance, with a signal planted in them or none."""

import numpy as np

from triplepoint.routing.evaluation.datasets import Labelled

TOPICS = {"law": ["contract", "court", "judge", "appeal", "tort"], "maths": ["integral", "matrix", "prime", "group", "ring"]}
COMMON = ["what", "is", "the", "of", "a", "which", "does", "in", "when", "this", "that", "for", "one", "each"]
HARD = "prove"


def planted(rows: int, *, seed: int, signal: float = 0.6, tokens: bool = False) -> Labelled:
    """Make prompts of two groups; half of them hold the word that the weak model fails on.

    Args:
        signal: By how much the word lowers the weak model's chance of a good answer; 0: it means nothing.
        tokens: Give output tokens too: the word doubles the strong model's.
    """
    chance = np.random.default_rng(seed)
    groups = [("law", "maths")[int(chance.integers(2))] for _ in range(rows)]
    hard = chance.random(rows) < 0.5
    prompts = [_prompt(chance, group, is_hard) for group, is_hard in zip(groups, hard.tolist(), strict=True)]
    easier = np.array([0.1 if group == "law" else 0.0 for group in groups])
    chances = np.column_stack([0.75 - signal * hard + easier, np.full(rows, 0.9)])
    scores = (chance.random((rows, 2)) < chances).astype(np.float64)
    lengths = np.column_stack([np.full(rows, 50.0), np.where(hard, 400.0, 200.0)]) * chance.uniform(0.8, 1.25, (rows, 2))
    return Labelled(
        name="planted",
        prompts=prompts,
        groups=groups,
        models=("small", "large"),
        scores=scores,
        costs=None,
        output_tokens=lengths if tokens else None,
        digest="0" * 64,
        licence="Apache-2.0 (class A)",
        source="made by chance",
    )


def _prompt(chance: np.random.Generator, group: str, is_hard: bool) -> str:
    words = [*chance.choice(COMMON, int(chance.integers(6, 12))).tolist(), *chance.choice(TOPICS[group], 2).tolist()]
    return " ".join(chance.permutation([*words, HARD if is_hard else "name"]).tolist()) + "?"
