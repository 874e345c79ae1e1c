"""The document, the words and the page of a leaderboard."""

import json
import re
import sys
from dataclasses import replace

import pytest
from tests.routing.evaluation.helpers import made_data

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.routing.evaluation.baselines import LabelTable, Length, Mix, Oracle
from triplepoint.routing.evaluation.board import Board, make_board
from triplepoint.routing.evaluation.layouts import ROUTELLM_MODELS
from triplepoint.routing.evaluation.report.document import document_of
from triplepoint.routing.evaluation.report.page import page_of
from triplepoint.routing.evaluation.report.words import UNKNOWN, cells, facts, heads, notes, short_cells, short_heads

NASTY = ("a<b>&\"'", "x_$y$^{")


@pytest.fixture(scope="module")
def published() -> Board:
    """Return a board on data that bear the name and the models of published ones."""
    data = made_data(120, models=ROUTELLM_MODELS, name="routellm_mmlu")
    return make_board(data, [Mix(), Length(), LabelTable(), Oracle()], folds=3, seed=0, draws=40)


@pytest.fixture(scope="module")
def many() -> Board:
    """Return a board of three models with odd names."""
    data = made_data(120, models=("nano", *NASTY), name="made <script>alert(1)</script>")
    return make_board(data, [Mix(), LabelTable(), Oracle()], folds=3, seed=0, draws=40)


def test_the_document_is_json_that_holds_every_row(published: Board, many: Board) -> None:
    """No NaN is in it: what cannot be told is null."""
    for board in (published, many):
        document = json.loads(json.dumps(document_of(board), allow_nan=False))
        assert [row["router"] for row in document["rows"]] == [row.name for row in board.rows]
        assert document["data"]["prompts"] == 120
        assert all(row["trained_on"] for row in document["rows"])
    pair = document_of(published)
    assert pair["rows"][0]["apgr"]["value"] == pytest.approx(0.5)
    assert [row["router"] for row in pair["published"]][-1] == "RouteLLM: SW ranking"
    assert pair["random_recomputed"]["apgr"] == pytest.approx(0.5, abs=0.1)
    assert "apgr" not in document_of(many)["rows"][0]
    assert document_of(many)["published"] == []


def test_unknown_figures_are_null_and_a_dash() -> None:
    """Where the cheaper model is the better one, there is no AIQ."""
    data = made_data(60)
    board = make_board(replace(data, scores=data.scores[:, ::-1]), [Mix()], folds=3, seed=0, draws=20)
    assert document_of(board)["rows"][0]["aiq"]["value"] is None
    assert UNKNOWN in next(cells(board)).cells
    worst = replace(data, scores=data.scores * [1.0, 0.0])
    found = make_board(worst, [Mix()], folds=3, seed=0, draws=20)
    assert any("big by small" in note for note in notes(found))
    assert document_of(found)["dominated"] == {"big": "small"}


def test_each_line_has_a_cell_for_each_column(published: Board, many: Board) -> None:
    """Computed and quoted alike; the short table takes columns that are there."""
    for board in (published, many):
        assert {len(line.cells) for line in cells(board)} == {len(heads(board))}
        assert {len(line.cells) for line in short_cells(board)} == {len(short_heads(board))} == {7}
    half = [line.cells[1] for line in short_cells(published)]
    assert half[0] == "0.500 ± 0.000"
    quoted = [line.cells for line in cells(published) if line.quoted]
    assert len(quoted) == 5
    assert all(line[1].startswith("published; ") for line in quoted)
    assert quoted[-1][2:6] == ("0.603", "0.603", "35.4%", "71.6%")


def test_facts_and_notes_say_what_was_done(published: Board) -> None:
    """Licence, seed, folds, and that RouteLLM's rows are quoted."""
    said = " ".join([*facts(published), *notes(published)])
    assert "120 prompts in 4 groups" in said
    assert "licence: CC0" in said
    assert "3 folds by prompt (seed 0)" in said
    assert "RouteLLM's own routers are quoted" in said
    assert "(published 50.1%)" in said


def test_the_page_needs_nothing_else_and_takes_no_markup_from_data(published: Board, many: Board) -> None:
    """Charts stand in it, names are escaped, nothing is fetched, and ink is the page's."""
    pytest.importorskip("matplotlib")
    page = page_of([published, many], command="triplepoint route evaluate 'a b'")
    assert page.count("<svg ") >= 3 * 2 + 3
    assert "<script" not in page
    assert "made &lt;script&gt;" in page
    assert "a&lt;b&gt;&amp;" in page
    assert re.findall(r'(?:src|href)="http', page) == []
    assert "#010203" not in page
    assert "currentColor" in page
    assert "prefers-color-scheme: dark" in page
    for words in ("mean cost of a request, USD", "points of score", "APGR (95 % interval)", "AIQ (95 % interval)", "x_$y$^{"):
        assert words in page
    assert page.count("<tr class=quoted>") == 5


def test_charts_without_matplotlib_say_what_to_install(published: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(RequestInvalid, match=r"triplepoint\[route\]"):
        page_of([published], command="")
