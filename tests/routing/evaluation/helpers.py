"""Data whose best routing is known, for tests."""

import numpy as np

from triplepoint.routing.evaluation.datasets import Labelled


def made_data(
    rows: int = 400, *, seed: int = 0, groups: int = 4, models: tuple[str, ...] = ("small", "big"), name: str = "made"
) -> Labelled:
    """Make prompts of which the first group is easy and the last one hard; each next model is better and ten times as dear.

    A prompt's words name its group, so that whoever reads words can learn what whoever has the label knows.
    """
    generator = np.random.default_rng(seed)
    group = generator.integers(0, groups, rows)
    hard = (group + 0.5) / groups
    fails = hard[:, None] * 0.3 ** np.arange(len(models))
    scores = (generator.random((rows, len(models))) > fails).astype(np.float64)
    return Labelled(
        name=name,
        prompts=[f"question {row} about topic{one} " + "word " * int(one) for row, one in enumerate(group)],
        groups=[f"topic{one}" for one in group],
        models=models,
        scores=scores,
        costs=np.tile([0.001 * 10.0**place for place in range(len(models))], (rows, 1)),
        output_tokens=None,
        digest="0" * 64,
        licence="CC0",
        source="made for tests",
    )
