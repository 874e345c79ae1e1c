"""The learnt table takes part in a leaderboard, trained on the other folds or as a file has it."""

import datetime
from dataclasses import replace

import numpy as np
import pytest
from tests.routing.evaluation.helpers import made_data

from triplepoint.routing.evaluation.baselines import LabelTable, Mix, Oracle
from triplepoint.routing.evaluation.board import make_board
from triplepoint.routing.scorer.table import load_scorer
from triplepoint.routing.training.contestant import GivenTable, LearnedTable, Training
from triplepoint.routing.training.service import train

pytest.importorskip("scipy")


def test_it_learns_from_words_what_the_label_would_tell() -> None:
    """Words name the topic here: where nobody labels it, the table of words comes near the table of labels."""
    labelled = made_data(800)
    table = make_board(labelled, [LabelTable()], folds=4, seed=0, draws=40).rows[0].headline.value
    bare = replace(labelled, groups=[""] * 800)
    board = make_board(bare, [Mix(), LearnedTable(Training(seed=0), knows_group=True), Oracle()], folds=4, seed=0, draws=40)
    mix, ours, oracle = (row.headline.value for row in board.rows)
    assert mix + 0.05 < ours < oracle
    assert ours == pytest.approx(table, abs=0.05)


def test_the_label_is_hidden_where_it_is_not_to_be_known() -> None:
    """With it the groups' means come out; without it, words that tell nothing beyond them give no more than the mean of all."""
    data, training = made_data(800), Training(seed=0)
    train_rows, test_rows = data.rows(range(600)), data.rows(range(600, 800))
    told, untold = (LearnedTable(training, knows_group=knows).expect(train_rows, test_rows) for knows in (True, False))
    means = LabelTable().expect(train_rows, test_rows)
    np.testing.assert_allclose(told.quality, means.quality, atol=0.03)
    assert np.ptp(untold.quality[:, 0]) < np.ptp(told.quality[:, 0])


def test_one_training_serves_both() -> None:
    """The same rows are trained on once; other rows anew."""
    training, data = Training(seed=0), made_data(200)
    some, others = data.rows(range(100)), data.rows(range(100, 200))
    first = training.on(some)
    assert training.on(some) is first
    assert training.on(others) is not first


def test_a_file_is_asked_as_it_is() -> None:
    """Its estimates are those of the file, whatever the folds hold; its card says what it was trained on."""
    data = made_data(400)
    made = train([data.rows(range(200))], made=datetime.date(2026, 1, 1), seed=0, folds=3)
    given = GivenTable(load_scorer(made.data), "family.safetensors")
    test = data.rows(range(200, 400))
    one, other = (given.expect(data.rows(rows), test) for rows in (range(50), range(50, 100)))
    np.testing.assert_array_equal(one.quality, other.quality)
    assert given.trained_on == "by its card: made for tests (200 prompts)"
