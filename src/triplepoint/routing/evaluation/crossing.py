"""What routers expect of each prompt, each asked where it was not trained; the slow ones on all processors at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import numpy as np

from triplepoint.routing.evaluation.baselines import Baseline, Expected
from triplepoint.routing.evaluation.contest import Contest
from triplepoint.routing.evaluation.datasets import Labelled


def crossed(
    routers: Sequence[Baseline],
    contest: Contest,
    *,
    executor: Executor | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Expected]:
    """Return what each router expects, from training on the other folds.

    Args:
        executor: Where slow routers are trained, a fold at a time; it may be of other processes. None: here.
        progress: Called for each router and fold, when it is done.
    """
    data, slow = contest.data, [router for router in routers if router.is_slow]
    splits = [(data.rows(fold.train), data.rows(fold.test)) for fold in contest.folds]
    waiting = [] if executor is None else [executor.submit(_expect, slow, train, test) for train, test in splits]
    quick = [router for router in routers if router not in slow] if waiting else routers
    found = {id(router): Expected(np.empty_like(data.scores), np.empty_like(data.scores)) for router in routers}

    def fill(some: Sequence[Baseline], place: int, expected: Sequence[Expected]) -> None:
        for router, one in zip(some, expected, strict=True):
            rows = contest.folds[place].test
            found[id(router)].quality[rows], found[id(router)].costs[rows] = one
            progress(f"{data.name}: {router.name}")

    for place, (train, test) in enumerate(splits):
        fill(quick, place, _expect(quick, train, test))
    for place, future in enumerate(waiting):
        fill(slow, place, future.result())
    return [found[id(router)] for router in routers]


def _expect(routers: Sequence[Baseline], train: Labelled, test: Labelled) -> list[Expected]:
    return [router.expect(train, test) for router in routers]
