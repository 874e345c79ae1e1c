"""A leaderboard puts routers in the order that the data were made for."""

from collections.abc import Container
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from tests.routing.evaluation.helpers import made_data

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.routing.evaluation.baselines import Baseline, LabelTable, Ladder, Length, Mix, Neighbours, Oracle
from triplepoint.routing.evaluation.board import Board, make_board
from triplepoint.routing.evaluation.contest import Contest
from triplepoint.routing.evaluation.crossing import crossed
from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.evaluation.pairs import Ranking, apgr
from triplepoint.routing.evaluation.rows import Row
from triplepoint.routing.model import Decision, Question

ALL: list[Baseline] = [Mix(), Length(), LabelTable(), Neighbours(), Oracle()]


def board_of(data: Labelled, baselines: list[Baseline] = ALL) -> Board:
    """Make a board with few draws."""
    pytest.importorskip("sklearn")
    return make_board(data, baselines, folds=4, seed=0, draws=60)


def row_of(board: Board, name: str) -> Row:
    """Return a router's row."""
    return next(row for row in board.rows if row.name == name)


@pytest.fixture(scope="module")
def pair() -> Board:
    """Two models."""
    return board_of(made_data(1200))


@pytest.fixture(scope="module")
def many() -> Board:
    """Four models."""
    return board_of(made_data(900, models=("nano", "mini", "regular", "large")))


def test_a_mix_is_exactly_half_and_gains_nothing(pair: Board) -> None:
    """What knows nothing has APGR 0.5, CPT(50) 0.5, no gain over a mix, and none of the oracle's."""
    mix = row_of(pair, "random, any mix")
    assert mix.pair is not None
    assert mix.pair.apgr.value == pytest.approx(0.5)
    assert mix.pair.routellm.cpt50.value == pytest.approx(0.5)
    assert mix.gap_closed == pytest.approx(0)
    np.testing.assert_allclose(mix.curve.gain, 0, atol=1e-9)


def test_who_knows_more_stands_higher(pair: Board, many: Board) -> None:
    """The label decides here, words tell it, length too; the oracle beats them all."""
    for board in (pair, many):
        found = {row.name: row.headline.value for row in board.rows}
        assert found["random, any mix"] + 0.001 < found["neighbours"] < found["oracle"]
        assert found["random, any mix"] + 0.001 < found["length"] < found["oracle"]
        assert found["label table"] == pytest.approx(found["neighbours"], abs=0.03)
        assert row_of(board, "oracle").gap_closed == pytest.approx(1)


def test_the_better_router_pays_less_within_the_loss(pair: Board, many: Board) -> None:
    """A mix pays nearly what the reference costs, the table less, the oracle least, who also wastes nothing."""
    for board in (pair, many):
        costs = [row_of(board, name).within.cost for name in ("oracle", "label table", "random, any mix")]
        assert costs == sorted(costs)
        assert costs[0] < costs[1] < 1
        assert row_of(board, "oracle").within.outcome.wasteful_routes == pytest.approx(0, abs=0.01)


def test_within_the_loss_means_within(pair: Board, many: Board) -> None:
    """No row loses more than a point, and counts add up to all prompts, by group and in all."""
    for board in (pair, many):
        for row in board.rows:
            assert row.within.outcome.net_loss <= 0.01 + 1e-9
            assert sum(row.within.chosen) == len(board.contest.data)
            assert sum(sum(map(sum, counts)) for counts in row.within.confusions.values()) == len(board.contest.data)


def test_differences_are_taken_on_the_same_draws(pair: Board) -> None:
    """The interval of a difference is narrower than that of either, for both see the same prompts."""
    over = pair.over_table(row_of(pair, "neighbours"))
    assert over is not None
    headline = row_of(pair, "neighbours").headline
    assert over.high - over.low < headline.high - headline.low
    assert pair.over_table(row_of(pair, "label table")) is None
    assert board_of(made_data(60), [Mix()]).over_table(board_of(made_data(60), [Mix()]).rows[0]) is None


def test_the_table_is_calibrated(pair: Board) -> None:
    """Its probabilities are frequencies of the same groups."""
    assert all(found.error < 0.05 for found in row_of(pair, "label table").reliability)
    assert row_of(pair, "oracle").reliability == ()


def test_prompts_without_all_scores_are_left_out() -> None:
    """They are counted, and the rest is measured."""
    data = made_data(200)
    scores = data.scores.copy()
    scores[:30, 1] = np.nan
    board = board_of(replace(data, scores=scores), [Mix()])
    assert (board.left_out, len(board.contest.data)) == (30, 170)
    with pytest.raises(RequestInvalid, match="--models"):
        board_of(replace(data, scores=scores * np.nan), [Mix()])


def test_a_cheaper_and_better_model_leaves_nothing_to_route() -> None:
    """There is no APGR then, and the mix is that model."""
    data = made_data(200)
    board = board_of(replace(data, scores=data.scores[:, ::-1]), [Mix(), Oracle()])
    assert all(row.pair is None for row in board.rows)
    assert np.isnan(row_of(board, "oracle").headline.value)
    assert row_of(board, "random, any mix").within.cost == pytest.approx(1)


def test_without_costs_models_stand_for_themselves() -> None:
    """The mean cost of two is then the share of calls to the stronger one."""
    board = board_of(replace(made_data(200), costs=None), [Mix(), Oracle()])
    assert board.unit == "share"
    np.testing.assert_array_equal(board.contest.costs.mean(axis=0), [0, 1])
    assert row_of(board, "random, any mix").curve.costs[-1] == pytest.approx(1)


def test_the_same_seed_gives_the_same_board() -> None:
    """Whoever runs it again gets the same figures."""
    first, second = (board_of(made_data(200), [LabelTable()]).rows[0] for _ in range(2))
    assert first.headline == second.headline


def test_other_workers_find_the_same() -> None:
    """Slow routers are sent away and quick ones stay; every expectation is the same, and progress is told as often."""
    pytest.importorskip("sklearn")
    contest = Contest.over(made_data(200), folds=3, draws=20, seed=0)
    told: list[str] = []
    with ThreadPoolExecutor(2) as executor:
        there = crossed(ALL, contest, executor=executor, progress=told.append)
    for one, other in zip(there, crossed(ALL, contest), strict=True):
        np.testing.assert_array_equal(one.quality, other.quality)
        np.testing.assert_array_equal(one.costs, other.costs)
    assert len(told) == 3 * len(ALL)


def test_a_router_that_learns_nothing_is_no_worse_than_chance() -> None:
    """One group has the mean of the training rows, which errs the wrong way in each fold; pooled, that must not count."""
    data = replace(made_data(400), groups=["all"] * 400)
    pooled = crossed([LabelTable()], Contest.over(data, folds=8, draws=20, seed=0))[0].quality
    gain = pooled[:, 1] - pooled[:, 0]
    assert apgr(Ranking(gain, *data.scores.T)) < 0.48
    row = row_of(make_board(data, [LabelTable()], folds=8, seed=0, draws=20), "label table")
    assert row.headline.value == pytest.approx(0.5)
    assert row.reliability[0].predicted.tolist() != [data.scores[:, 0].mean()]  # calibration is of what was said


def test_progress_is_told_for_each_fold() -> None:
    """A bar can be drawn from it."""
    told: list[str] = []
    make_board(made_data(60), [Mix(), LabelTable()], folds=3, seed=0, draws=20, progress=told.append)
    assert told == ["made: random, any mix", "made: label table"] * 3


class _ByLength:
    """Routes long prompts to the top of a ladder of three."""

    reads_text = True
    is_sticky = False
    takes_thrift = False
    reads_waits = False

    def decide(self, question: Question, candidates: Container[str]) -> Decision:
        rungs = tuple(rung for rung in ("a", "b", "c") if rung in candidates)
        return Decision(rungs[min(question.text.count("word"), 2)], "length", "rules", rungs)


def test_a_ladder_is_laid_on_the_models_of_the_hull() -> None:
    """Its lowest rung is the cheapest, its highest the best; a model that no mix would use is nobody's rung."""
    data = made_data(300, models=("nano", "odd", "large"))
    scores, costs = data.scores.copy(), data.costs
    assert costs is not None
    scores[:, 1] = 0.0  # dearer than nano and never right
    data = replace(data, scores=scores)
    expected = Ladder(_ByLength(), ("a", "b", "c")).expect(data, data.rows(range(50)))
    chosen = expected.quality.argmax(axis=1)
    words = np.array([min(prompt.count("word"), 2) for prompt in data.prompts[:50]])
    assert set(chosen[words == 0]) == {0}
    assert set(chosen[words == 2]) == {2}
    assert not (chosen == 1).any()
