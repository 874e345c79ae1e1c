"""``triplepoint route evaluate`` prints a leaderboard for files, or for what the repository has."""

import csv
import datetime
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from triplepoint.cli.route import app
from triplepoint.foundation.errors import NotFound, RequestInvalid, SettingsInvalid
from triplepoint.routing.evaluation.datasets import read_data
from triplepoint.routing.training.service import train

pytest.importorskip("sklearn")

HEAD = ["prompt", "group", "score:small", "cost:small", "score:big", "cost:big", "score:odd", "cost:odd"]


def run(*words: str) -> Result:
    """Run the command; few draws, so that it is quick."""
    return CliRunner().invoke(app, ["evaluate", *words, "--draws", "20"], catch_exceptions=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write sixty prompts: small fails on every sum, big on every tenth, odd on all and is dear."""
    path = tmp_path / "ours.csv"
    rows: list[Sequence[object]] = [
        [
            f"{'add up' if row % 2 else 'say hello'} {row}",
            "sums" if row % 2 else "talk",
            int(row % 2 == 0),
            0.01,
            int(row % 10 > 0),
            1,
            0,
            2,
        ]
        for row in range(60)
    ]
    with path.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows([HEAD, *rows])
    return path


def test_a_table_says_who_is_how_good_and_what_it_was_trained_on(file: Path) -> None:
    """Each router has a line; the models' means and the folds stand above."""
    shown = run(str(file), "--models", "small,big", "--folds", "3")
    assert shown.exit_code == 0
    for words in ("ours", "60 prompts in 2 groups", "big 0.900 at 1 USD", "label table", "neighbours", "oracle", "3 folds"):
        assert words in shown.stdout, words


def test_json_has_it_all(file: Path) -> None:
    """With three models there is AIQ, with two APGR; the label decides these data."""
    (many,) = json.loads(run(str(file), "--json").stdout)
    assert [one["model"] for one in many["models"]] == ["small", "big", "odd"]
    assert "apgr" not in many["rows"][0]
    (pair,) = json.loads(run(str(file), "--json", "--models", "small, big").stdout)
    found = {row["router"]: row["apgr"]["value"] for row in pair["rows"]}
    assert found["random, any mix"] == pytest.approx(0.5)
    assert found["label table"] > 0.8
    assert (pair["method"]["folds"], pair["method"]["seed"]) == (5, 1)


def test_without_groups_there_is_no_table_of_labels(file: Path) -> None:
    """Whoever must not know the label is not given it."""
    (board,) = json.loads(run(str(file), "--json", "--no-groups").stdout)
    assert "label table" not in {row["router"] for row in board["rows"]}


def test_calls_may_cost_energy(file: Path) -> None:
    """Tokens are what the cost buys; the unit is on the table."""
    prices = [word for model in ("small", "big", "odd") for word in ("--price", f"{model}=10")]
    shown = run(str(file), "--by", "energy", *prices, "--size", "small=7").stdout
    assert " Wh, " in shown
    assert "odd by " in shown
    (board,) = json.loads(run(str(file), "--by", "energy", *prices, "--json").stdout)
    assert board["method"]["cost_unit"] == "Wh"


def test_a_scorers_file_takes_part_as_it_is(file: Path, tmp_path: Path) -> None:
    """It is told by its card, refused on what it was trained on, and must know the models."""
    other = tmp_path / "other.csv"
    other.write_text(file.read_text("utf-8").replace("hello", "goodbye").replace("add up", "take away"), "utf-8")
    made = train([read_data(other)], made=datetime.date(2026, 1, 1), seed=0, folds=3)
    (tmp_path / "family.safetensors").write_bytes(made.data)
    words = ("--scorer", str(tmp_path / "family.safetensors"), "--json")
    (board,) = json.loads(run(str(file), *words).stdout)
    rows = {row["router"]: row for row in board["rows"]}
    assert rows["family.safetensors"]["trained_on"].startswith("by its card: other")
    assert not any("learned" in name for name in rows)
    with pytest.raises(RequestInvalid, match="was trained on 100% of the prompts of other"):
        run(str(other), *words)
    file.write_text(file.read_text("utf-8").replace(":odd", ":strange"), "utf-8")
    with pytest.raises(RequestInvalid, match="knows no strange"):
        run(str(file), *words)


def test_a_page_is_written(file: Path, tmp_path: Path) -> None:
    """Its place is told."""
    pytest.importorskip("matplotlib")
    shown = run(str(file), "--html", str(tmp_path / "board.html"))
    assert "board.html: tables and charts" in shown.stdout.replace("\n", "")
    assert "<svg " in (tmp_path / "board.html").read_text("utf-8")


def test_wrong_files_models_and_folds_say_what_to_do(file: Path, tmp_path: Path) -> None:
    """The file and the fix, the nearest name, the least number."""
    (tmp_path / "wrong.csv").write_text("prompt,score:m\na,1\n")
    with pytest.raises(SettingsInvalid, match=r"wrong\.csv"):
        run(str(tmp_path / "wrong.csv"))
    with pytest.raises(RequestInvalid, match="did you mean small"):
        run(str(file), "--models", "smal,big")
    assert run(str(file), "--folds", "1").exit_code == 2


def test_outside_of_a_checkout_it_says_where_the_data_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel carries none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("triplepoint.cli.route_boards.seed_folder", lambda: tmp_path)
    with pytest.raises(NotFound, match="clone"):
        run()


def test_in_a_checkout_it_takes_what_is_there() -> None:
    """The three published sets."""
    from triplepoint.cli.route_boards import published_data

    assert [path.name for path in published_data()] == [
        "routellm_gsm8k.parquet",
        "routellm_mmlu.parquet",
        "routellm_mtbench.parquet",
    ]


def test_answers_can_be_looked_at_before_the_dear_model_is_paid_for(file: Path) -> None:
    """What a check would have to be stands there in words and in JSON; a page is not made of it."""
    shown = run(str(file), "--models", "small,big", "--after-answer")
    assert shown.exit_code == 0
    for words in ("small alone", "big alone, asked first", "a perfect check", "both calls"):
        assert words in shown.stdout, words
    (found,) = json.loads(run(str(file), "--models", "small,big", "--after-answer", "--json").stdout)
    assert found["simulated"][0]["quality"] >= found["strong_alone"]["quality"]
    assert run(str(file), "--models", "small,big", "--after-answer", "--html", "page.html").exit_code == 2
