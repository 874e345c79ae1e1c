"""A leaderboard: every router measured on the same prompts, by the same definitions, on the same draws."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.routing.evaluation.baselines import LABEL_TABLE, Baseline
from triplepoint.routing.evaluation.choices import dominated
from triplepoint.routing.evaluation.contest import Contest
from triplepoint.routing.evaluation.crossing import crossed
from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.evaluation.published import Published, Recomputed, published_rows, reproduction
from triplepoint.routing.evaluation.resampling import Measured, interval
from triplepoint.routing.evaluation.rows import NET_LOSS, Row, measure


@dataclass(frozen=True)
class Board:
    """All routers on one set of data."""

    contest: Contest
    left_out: int
    """Prompts that are not counted, since a model has no score there."""
    seed: int
    unit: str
    """Of costs: ``USD``, ``Wh``, or ``share``: the data tell no costs, and the models stand for themselves from 0 to 1."""
    rows: tuple[Row, ...]
    published: tuple[Published, ...]
    """Quoted from a paper, not computed."""
    recomputed: Recomputed | None

    @property
    def net_loss(self) -> float:
        """Quality that may be lost at the operating point that is looked at closely."""
        return NET_LOSS

    @cached_property
    def dominated(self) -> dict[int, int]:
        """Models that nobody should choose, each with one that beats it."""
        return dominated(self.contest.data.scores, self.contest.costs)

    def over_table(self, row: Row) -> Measured | None:
        """Return by how much a row's headline beats the label table's, on the same draws; None: there is no other table."""
        table = next((one for one in self.rows if one.name == LABEL_TABLE), None)
        if table is None or table is row:
            return None
        return interval(row.headline.value - table.headline.value, row.draws - table.draws)


def make_board(
    data: Labelled,
    baselines: Sequence[Baseline],
    *,
    folds: int,
    seed: int,
    draws: int,
    unit: str = "USD",
    executor: Executor | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Board:
    """Measure routers on one set, each prompt by a router that was trained on other prompts.

    Args:
        baselines: Routers, in the order of the table.
        folds: Parts of the cross-validation.
        seed: Of the folds and of the draws.
        draws: Resamples for intervals.
        unit: What the data's costs are in.
        executor, progress: As for `crossing.crossed`.
    Raises: RequestInvalid: there are too few prompts on which every model has a score.
    """
    complete = data.complete()
    if not len(complete):
        raise RequestInvalid(f"{data.name}: on no prompt has every model a score; name models that have, with --models")
    contest = Contest.over(complete, folds=folds, draws=draws, seed=seed)
    expected = crossed(baselines, contest, executor=executor, progress=progress)
    return Board(
        contest=contest,
        left_out=len(data) - len(complete),
        seed=seed,
        unit="share" if data.costs is None else unit,
        rows=tuple(measure(router, said, contest) for router, said in zip(baselines, expected, strict=True)),
        published=published_rows(complete),
        recomputed=reproduction(complete, seed=seed),
    )
