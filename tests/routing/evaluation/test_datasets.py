"""Data of every known layout come to the same thing in memory, and a wrong file says where and how to mend it."""

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triplepoint.foundation.errors import RequestInvalid, SettingsInvalid
from triplepoint.routing.evaluation.datasets import Labelled, read_data
from triplepoint.routing.evaluation.layouts import ROUTELLM_MODELS

Row = dict[str, Any]
WIDE: list[Row] = [
    {"prompt": "a", "group": "x", "score:big": 1, "cost:big": 0.2, "score:small": 0, "cost:small": 0.01},
    {"prompt": "b", "group": "y", "score:big": 0.5, "cost:big": 0.4, "score:small": None, "cost:small": 0.01},
]


def write(path: Path, rows: Sequence[Row]) -> Path:
    """Write rows in the form that the ending names."""
    match path.suffix:
        case ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        case ".csv":
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        case _:
            arrow: Any = pytest.importorskip("pyarrow")
            parquet: Any = pytest.importorskip("pyarrow.parquet")
            parquet.write_table(arrow.Table.from_pylist(list(rows)), path)
    return path


def problem_of(path: Path) -> str:
    """Return what reading a wrong file says."""
    with pytest.raises(SettingsInvalid) as caught:
        read_data(path)
    return str(caught.value)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_file_of_each_kind_is_read_alike(tmp_path: Path, ending: str) -> None:
    """CSV, JSON lines and Parquet give the same arrays; the cheapest model stands first, and nothing is NaN."""
    data = read_data(write(tmp_path / f"own.{ending}", WIDE), licence="CC0", source="us")
    assert (data.name, data.licence, data.source, len(data.digest)) == ("own", "CC0", "us", 64)
    assert data.models == ("small", "big")
    assert data.prompts == ["a", "b"]
    assert data.groups == ["x", "y"]
    np.testing.assert_array_equal(data.scores, [[0, 1], [np.nan, 0.5]])
    np.testing.assert_array_equal(data.costs, [[0.01, 0.2], [0.01, 0.4]])
    assert data.output_tokens is None
    assert data.answers is None


def test_a_row_a_model_is_the_same_data(tmp_path: Path) -> None:
    """The long layout comes to what the wide one does; a model without a row for a prompt is unknown there."""
    rows: list[Row] = [
        {"id": 1, "prompt": "a", "group": "x", "model": "big", "score": 1, "cost_usd": 0.2, "answer": "yes"},
        {"id": 1, "prompt": "a", "group": "x", "model": "small", "score": 0, "cost_usd": 0.01, "answer": "no"},
        {"id": 2, "prompt": "b", "group": "y", "model": "big", "score": 0.5, "cost_usd": 0.4, "answer": "perhaps"},
    ]
    data = read_data(write(tmp_path / "long.csv", rows))
    assert data.models == ("small", "big")
    np.testing.assert_array_equal(data.scores, [[0, 1], [np.nan, 0.5]])
    assert data.answers == {"small": ["no", ""], "big": ["yes", "perhaps"]}


def test_models_without_costs_stand_weakest_first(tmp_path: Path) -> None:
    """Where nobody says what calls cost, mean scores give the order."""
    rows: list[Row] = [{"prompt": "a", "score:strong": 1, "score:weak": 0}, {"prompt": "b", "score:strong": 1, "score:weak": 1}]
    assert read_data(write(tmp_path / "own.jsonl", rows)).models == ("weak", "strong")


def test_routellm_pairs(tmp_path: Path) -> None:
    """Contaminated rows are out, the pair is as published, calls are priced by its prices, answers are kept."""
    row: Row = {"prompt": "p" * 400, "domain": "law", "weak_correct": False, "strong_correct": True}
    rows = [row | {"contaminated": False}, row | {"contaminated": True, "weak_correct": True}]
    data = read_data(write(tmp_path / "mmlu.jsonl", rows))
    assert data.models == ROUTELLM_MODELS
    np.testing.assert_array_equal(data.scores, [[0, 1]])
    assert data.costs is not None
    assert data.costs[0] == pytest.approx([0.24e-4, 24.7e-4])  # 400 characters are 100 tokens
    assert data.licence.startswith("Apache-2.0")
    with_answers = [one | {"weak_response": "w" * 40, "strong_response": "s" * 80} for one in rows]
    data = read_data(write(tmp_path / "gsm8k.jsonl", with_answers))
    assert data.answers == {ROUTELLM_MODELS[0]: ["w" * 40], ROUTELLM_MODELS[1]: ["s" * 80]}
    np.testing.assert_array_equal(data.output_tokens, [[10, 20]])


def test_mt_bench_routes_on_the_first_turn_and_averages_both(tmp_path: Path) -> None:
    """Ten points are 1."""
    row: Row = {
        "category": "writing",
        "turn1": "first",
        "turn2": "second",
        "weak_score_turn1": 4.0,
        "weak_score_turn2": 6.0,
        "strong_score_turn1": 10.0,
        "strong_score_turn2": 9.0,
        "contaminated": False,
    }
    data = read_data(write(tmp_path / "mt.csv", [row]))
    assert data.prompts == ["first"]
    assert data.groups == ["writing"]
    assert data.scores[0] == pytest.approx([0.5, 0.95])


def test_routerbench_wide(tmp_path: Path) -> None:
    """Its task is the group, and characters of answers stand for their tokens."""
    row: Row = {"sample_id": "1", "eval_name": "arc", "prompt": "q"}
    row |= {"score:a/x": 1.0, "cost:a/x": 0.5, "response_chars:a/x": 8, "score:y": 0.0, "cost:y": 0.1, "response_chars:y": 4}
    data = read_data(write(tmp_path / "rb.csv", [row]))
    assert data.models == ("y", "a/x")
    assert data.groups == ["arc"]
    np.testing.assert_array_equal(data.output_tokens, [[1, 2]])
    assert data.licence == "none stated"


LONG: list[tuple[str, list[Row]]] = [
    (
        "RouteWorks/RouterArena",
        [
            {
                "global_index": "A_1",
                "category": "AIME",
                "prompt": "q",
                "model": "m",
                "score": -0.03,
                "cost_usd": 0.1,
                "output_tokens": 5,
            },
            {
                "global_index": "A_1",
                "category": "AIME",
                "prompt": "q",
                "model": "n",
                "score": 1.0,
                "cost_usd": 0.2,
                "output_tokens": 9,
            },
        ],
    ),
    (
        "swe-bench.github.io",
        [
            {"instance_id": "i", "repo": "AIME", "model": "m", "resolved": False, "cost_usd": 0.1, "title": "q"},
            {"instance_id": "i", "repo": "AIME", "model": "n", "resolved": True, "cost_usd": 0.2, "title": "q"},
        ],
    ),
    (
        "NPULH/LLMRouterBench",
        [
            {"prompt_id": "i", "dataset": "AIME", "model": "m", "score": 0, "cost_usd": 0.1, "completion_tokens": 5},
            {"prompt_id": "i", "dataset": "AIME", "model": "n", "score": 1, "cost_usd": 0.2, "completion_tokens": 9},
        ],
    ),
]


@pytest.mark.parametrize(("source", "rows"), LONG, ids=[source for source, _ in LONG])
def test_published_tables_with_a_row_a_model(tmp_path: Path, source: str, rows: list[Row]) -> None:
    """RouterArena's, SWE-bench's and LLMRouterBench's; a score below 0, as some text metrics give, counts as 0."""
    data = read_data(write(tmp_path / "long.jsonl", rows))
    assert data.source == source
    assert data.models == ("m", "n")
    assert data.groups == ["AIME"]
    assert data.prompts == ([""] if "prompt_id" in rows[0] else ["q"])
    np.testing.assert_array_equal(data.scores, [[0, 1]])
    np.testing.assert_array_equal(data.costs, [[0.1, 0.2]])


def test_a_model_without_a_price_costs_nobody_knows_what(tmp_path: Path) -> None:
    """LLMRouterBench writes 0 there; unknown is never zero."""
    rows = [row | {"cost_usd": 0.0 if row["model"] == "m" else 0.2} for row in LONG[2][1]]
    data = read_data(write(tmp_path / "long.jsonl", rows))
    np.testing.assert_array_equal(data.only(["m", "n"]).costs, [[np.nan, 0.2]])


def test_alpaca_eval_has_its_reference_as_a_model(tmp_path: Path) -> None:
    """Whom the others are compared with wins half of the time by definition."""
    row: Row = {"instruction": "do", "model": "m", "win_prob_vs_gpt4_1106": 0.25, "output_chars": 8}
    data = read_data(write(tmp_path / "alpaca.csv", [row]))
    assert data.models == ("m", "gpt4_1106_preview")
    np.testing.assert_array_equal(data.scores, [[0.25, 0.5]])


def test_rows_and_models_are_taken_together_with_all_that_is_known_of_them() -> None:
    """A part of the data keeps scores, costs, tokens and answers beside their prompts."""
    data = Labelled(
        name="d",
        prompts=["a", "b", "c"],
        groups=["", "g", ""],
        models=("m", "n"),
        scores=np.array([[0, 1], [0.5, np.nan], [1, 1]]),
        costs=np.arange(6.0).reshape(3, 2),
        output_tokens=None,
        digest="0" * 64,
        licence="",
        source="",
        answers={"m": ["1", "2", "3"]},
    )
    part = data.rows([2, 0]).only(["n", "m"])
    assert part.prompts == ["c", "a"]
    assert part.answers == {"m": ["3", "1"]}
    np.testing.assert_array_equal(part.scores, [[1, 1], [1, 0]])
    np.testing.assert_array_equal(part.costs, [[5, 4], [1, 0]])
    assert data.complete().prompts == ["a", "c"]
    with pytest.raises(RequestInvalid, match="did you mean m"):
        data.only(["M"])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"prompt": "a", "score:m": 1, "score:n": 2}], r":2: score:n: out of bounds: 2.*from 0 to 1"),
        ([{"prompt": "a", "score:m": 1, "score:n": "good"}], r":2: score:n: not a number: 'good'.*write a number"),
        ([{"prompt": "a", "score:m": 1, "score:n": "inf"}], r":2: score:n: out of bounds"),
        ([{"prompt": "a", "score:m": 1, "score:n": 1, "cost:m": -1}], r":2: cost:m: out of bounds: -1.*at least 0"),
        ([{"prompt": "a", "score:m": 1}], r"not two models"),
        ([{"prompt": "a", "score:m": None, "score:n": None}], r"no cell holds a score"),
        ([{"prompt": "a", "score:m": 1, "score:n": 1, "costs:m": 1}], r"costs:m: no such kind of column.*did you mean cost\?"),
        ([{"prompt": "a", "score:m": 1, "score:n": 1, "cost:o": 1}], r"cost:o: its model has no scores"),
        ([{"score:m": 1, "score:n": 1}], r"prompt: the column is missing"),
        ([{"question": "a", "quality": 1}], r"no known layout: question, quality.*score:MODEL"),
        ([{"prompt": "a", "score:m": 1, "score:n": 1, "contaminated": "perhaps"}], r":2: contaminated: neither true nor false"),
        ([{"prompt": "a", "score:m": 1, "score:n": 1, "contaminated": "true"}], r"every row is left out"),
        ([{"prompt": "a", "model": "m", "score": 1}, {"prompt": "a", "model": "m", "score": 0}], r":3: model: m a second time"),
        ([{"prompt": "a", "model": "", "score": 1}], r":2: model: no model"),
        (
            [{"turn1": "a", "category": "c", "weak_score_turn1": 11, "strong_score_turn1": 1}],
            r"weak_score_turn1: out of bounds: 11",
        ),
    ],
)
def test_a_wrong_table_says_row_column_and_fix(tmp_path: Path, rows: list[Row], said: str) -> None:
    """Each fault of a cell names its line and column, and what to write instead."""
    path = write(tmp_path / "wrong.csv", rows)
    with pytest.raises(SettingsInvalid, match=rf"(?s)wrong\.csv.*{said}.*") as caught:
        read_data(path)
    assert "fix: " in str(caught.value)


def test_many_faults_are_told_together_but_not_all(tmp_path: Path) -> None:
    """Twenty are enough to see what is wrong."""
    rows: list[Row] = [{"prompt": "a", "score:m": "x", "score:n": 1} for _ in range(100)]
    assert problem_of(write(tmp_path / "wrong.csv", rows)).count("not a number") == 20


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"x", r"a\.txt:0: .*\.txt are not read"),
        ("a", b"x", r"ending in nothing are not read"),
        ("a.csv", b"", r"it holds no row"),
        ("a.csv", b"prompt,score:m,score:n\n", r"it holds no row"),
        ("a.csv", b"prompt,score:m,score:n\na,1\n", r":2: .*2 cells, the header has 3"),
        ("a.csv", b"prompt,prompt\na,1\n", r":1: .*two columns have one name"),
        ("a.csv", b'prompt,score:m,score:n\n"a,1,1\n', r":2: .*not CSV"),
        ("a.csv", b"prompt,score:m,score:n\n\xff,1,1\n", r":2: .*not UTF-8"),
        ("a.jsonl", b'{"prompt": "a"}\n[1]\n', r":2: .*not a JSON object"),
        ("a.jsonl", b'{"prompt": "a"\n', r":1: .*not a JSON object"),
        ("a.jsonl", b'{"prompt": "a", "score:m": 1e999, "score:n": 1}\n', r":1: score:m: out of bounds"),
        ("a.jsonl", b'{"prompt": "a", "score:m": [1], "score:n": 1}\n', r":1: score:m: not a number"),
        (
            "a.jsonl",
            b'{"prompt": "a", "score:m": 1' + b"0" * 400 + b', "score:n": 1}\n',
            r":1: score:m: (not a number|out of bounds)",
        ),
        ("a.parquet", b"PAR1 and then nothing", r"not Parquet"),
    ],
)
def test_a_file_that_is_not_what_it_says(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """Cut off, of another encoding, of another kind: the line and the fix are told."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsInvalid, match=rf"(?s){said}.*fix: "):
        read_data(tmp_path / name)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """It is named."""
    assert "none.csv:0: (file): cannot be read" in problem_of(tmp_path / "none.csv")


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    path = write(tmp_path / "own.parquet", WIDE)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(RequestInvalid, match=r"triplepoint\[route\]"):
        read_data(path)
