import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue, ValidationError
from tests.upstreams.simulated.helpers import script

from triplepoint.files.strict_yaml import read_yaml
from triplepoint.foundation.errors import SettingsInvalid
from triplepoint.upstreams.simulated.ask import Ask
from triplepoint.upstreams.simulated.draws import draw, jittered
from triplepoint.upstreams.simulated.layout import Layout, Pause, PieceKind, Send, event, paced, steps, stream, whole
from triplepoint.upstreams.simulated.matching import Tally, find_case
from triplepoint.upstreams.simulated.model import Pace, Quality, Route, Script
from triplepoint.upstreams.simulated.quality import QualityTable, load_quality
from triplepoint.upstreams.simulated.reply import split_words
from triplepoint.upstreams.simulated.responder import Responder
from triplepoint.upstreams.simulated.script_file import load_script, prepare

_KEYS = st.sampled_from(["model", "messages", "input", "role", "content", "text", "stream", "n", "tools", "max_tokens"])
EXAMPLES = Path(__file__).parents[3] / "examples" / "simulated"


def _ask(**members: Any) -> Ask:
    fields: dict[str, Any] = {"route": Route.CHAT, "model": "small", "last_text": "hello there"}
    return Ask(**(fields | members))


def _found(when: dict[str, Any], ask: Ask, *, headers: dict[str, str] | None = None, running_s: float = 0.0) -> bool:
    one = script(cases=[{"when": when}])
    return find_case(one, ask, headers or {}, running_s=running_s, tally=Tally(0)) == 0


@pytest.mark.parametrize(
    ("when", "holds", "fails"),
    [
        ({"model": "sm*"}, _ask(), _ask(model="large")),
        ({"route": "messages"}, _ask(route=Route.MESSAGES), _ask()),
        ({"stream": False}, _ask(), _ask(stream=True)),
        ({"contains": "lo th"}, _ask(), _ask(last_text="hello")),
        ({"matches": "^h.*e$"}, _ask(), _ask(last_text="there")),
        ({"last_role": "assistant"}, _ask(last_role="assistant"), _ask()),
        ({"tools": True}, _ask(has_tools=True), _ask()),
        ({"min_words": 3}, _ask(words=3), _ask(words=2)),
    ],
)
def test_conditions(when: dict[str, Any], holds: Ask, fails: Ask) -> None:
    """Each condition lets one request through and not the other."""
    assert _found(when, holds)
    assert not _found(when, fails)


def test_conditions_on_headers_and_time() -> None:
    """Headers match by pattern, whatever their case in the script; times are half open."""
    assert _found({"headers": {"X-Team": "a*"}}, _ask(), headers={"x-team": "ab"})
    assert not _found({"headers": {"x-team": "a*"}}, _ask())
    during = {"after": "1s", "before": "2s"}
    assert [_found(during, _ask(), running_s=at) for at in (0.9, 1.0, 1.9, 2.0)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("occasion", "times"),
    [
        ({"nth": 2}, [2]),
        ({"from_nth": 4}, [4, 5, 6]),
        ({"to_nth": 2}, [1, 2]),
        ({"every": 3}, [3, 6]),
        ({}, [1, 2, 3, 4, 5, 6]),
    ],
)
def test_occasions(occasion: dict[str, int], times: list[int]) -> None:
    """Times are counted from 1, for each case, and only where its other conditions hold."""
    played = script(cases=[{"when": {"model": "small", **occasion}}])
    tally = Tally(0)
    hits: list[int] = []
    for number in range(1, 7):
        assert find_case(played, _ask(model="other"), {}, running_s=0, tally=tally) is None
        if find_case(played, _ask(), {}, running_s=0, tally=tally) is not None:
            hits.append(number)
    assert hits == times


def test_probability_is_a_fixed_draw() -> None:
    """A probability is met about as often as it says, at the same times again with the same seed, at others with another."""
    played = script(cases=[{"when": {"probability": 0.3}}])
    rounds = [
        [find_case(played, _ask(), {}, running_s=0, tally=tally) == 0 for _ in range(2000)]
        for tally in (Tally(1), Tally(1), Tally(2))
    ]
    assert rounds[0] == rounds[1] != rounds[2]
    assert 540 <= sum(rounds[0]) <= 660


def test_the_first_case_that_holds_decides() -> None:
    """Order decides, and a case behind the chosen one is not counted."""
    played = script(cases=[{"when": {"nth": 1}}, {"when": {"nth": 1}}, {}])
    tally = Tally(0)
    assert [find_case(played, _ask(), {}, running_s=0, tally=tally) for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("members", "what"),
    [
        ({"answer": {"text": "a", "echo": True}}, "echo and text exclude each other"),
        ({"answer": {"json": None, "refusal": "no"}}, "json and refusal exclude each other"),
        ({"answer": {"pace": {"first_token": 3}}}, "has no unit"),
        ({"answer": {"pace": {"between_tokens": "1s", "tokens_per_second": 2.0}}}, "say the same"),
        ({"answer": {"usage": {"input_tokens": 1, "output_tokens": 1, "cache_read_tokens": 2}}}, "parts of input_tokens"),
        ({"answer": {"usage": {"input_tokens": 1, "output_tokens": 1, "reasoning_tokens": 2}}}, "part of output_tokens"),
        ({"cases": [{"when": {"matches": "("}}]}, "not a regular expression"),
        ({"cases": [{"fault": {"kind": "explode"}}]}, "explode"),
        ({"cases": [{"fault": {"kind": "status", "status": 200}}]}, "greater than or equal to 400"),
        ({"cases": [{"wehn": {"nth": 1}}]}, "wehn"),
    ],
)
def test_wrong_scripts_are_refused(members: dict[str, Any], what: str) -> None:
    """A script that contradicts itself or says what is unknown is refused with the reason."""
    with pytest.raises(ValidationError, match=what):
        script(**members)


def test_a_wrong_file_names_every_problem(tmp_path: Path) -> None:
    """All problems of a file come at once, each with its line."""
    path = tmp_path / "script.yaml"
    path.write_text("seed: one\ncases:\n  - fault: {kind: drip, part: head, every: 5}\n")
    with pytest.raises(SettingsInvalid) as refused:
        load_script(path)
    assert [problem.line for problem in refused.value.problems] == [1, 3]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_examples_can_be_played(path: Path) -> None:
    """Every example is a script with its tables, and fits the schema that is made from the types."""
    load_script(path)
    jsonschema.validate(read_yaml(path.read_text(), file=path.name).value, Script.model_json_schema())


CSV = "prompt,correct,wrong,small,large\n1+1?,2,3,0.2,1\nCapital of France?,Paris,,,0.5\n"
JSON_LINES = '{"prompt": "1+1?", "correct": "2", "wrong": "3", "quality": {"small": 0.2, "large": 1}}\n\n'


def _table(folder: Path, name: str, text: str, **members: Any) -> QualityTable:
    (folder / name).write_text(text)
    return load_quality(Quality(table=name, **members), folder)


def test_tables_of_both_forms(tmp_path: Path) -> None:
    """CSV and JSON Lines give the same probabilities; what they leave out comes from the script."""
    for table in (_table(tmp_path, "a.csv", CSV), _table(tmp_path, "a.jsonl", JSON_LINES)):
        assert (table.probability("small", " 1+1? "), table.probability("large", "1+1?")) == (0.2, 1.0)
        assert table.text("large", "1+1?", seed=0) == "2"
    table = _table(tmp_path, "a.csv", CSV, models={"small": 0.7}, wrong="no idea")
    assert (table.probability("small", "Capital of France?"), table.probability("small", "?")) == (0.7, 0.7)
    assert table.probability("unknown", "1+1?") is None
    assert table.text("unknown", "Capital of France?", seed=0) == "no idea"


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.csv", "prompt,small\nx,1.5\n", 2),
        ("a.csv", "prompt,small\nx,0.5\ny,much\n", 3),
        ("a.csv", "question,small\nx,0.5\n", 2),
        ("a.csv", "prompt,small\nx\n", 2),
        ("a.csv", "prompt,small\nx,0.5,0.5\n", 2),
        ("a.csv", 'prompt,small\n"x"y,0.5\n', 2),
        ("a.jsonl", '{"prompt": "x", "quality": {}}\n{"prompt": 1}\n', 2),
        ("a.jsonl", '{"prompt": " ", "quality": {}}\n', 1),
    ],
)
def test_wrong_tables_name_the_line(tmp_path: Path, name: str, text: str, line: int) -> None:
    """A wrong row is refused with file and line."""
    with pytest.raises(SettingsInvalid) as refused:
        _table(tmp_path, name, text)
    assert [(Path(problem.file).name, problem.line) for problem in refused.value.problems] == [(name, line)]


def test_a_missing_table_says_where_it_was_looked_for(tmp_path: Path) -> None:
    """A table that is not there is refused when the script is read."""
    path = tmp_path / "script.yaml"
    path.write_text("answer: {quality: {table: none.csv}}\n")
    with pytest.raises(SettingsInvalid, match=r"none\.csv"):
        load_script(path)


def test_draws_meet_the_known_quality() -> None:
    """Over many prompts the share of right answers is the quality, for each model, and asking again changes nothing."""
    table = QualityTable(Quality(models={"small": 0.4, "large": 0.8}))
    prompts = [f"prompt {number}" for number in range(3000)]
    for model, quality in table.quality.models.items():
        right = [table.is_right(model, prompt, seed=7) for prompt in prompts]
        assert right == [table.is_right(model, prompt, seed=7) for prompt in prompts]
        assert abs(sum(right) / len(right) - quality) < 0.035


@settings(deadline=None)  # the machine may be busy; what is checked is no time
@given(st.text(alphabet=st.sampled_from("ab \t\n\u00a0ü"), max_size=40), st.integers(1, 5))
def test_words_are_the_text(text: str, size: int) -> None:
    """Cut into words, whatever the size of the pieces, nothing of a text is lost or moved."""
    pieces = split_words(text, size)
    assert "".join(pieces) == text
    assert all(len(piece.split()) <= size for piece in pieces)


@settings(deadline=None)
@given(st.integers(), st.text(), st.floats(0, 1))
def test_draws_are_shares(seed: int, name: str, jitter: float) -> None:
    """A draw is in [0, 1) and the same again; a jittered pause stays within its bounds."""
    assert 0 <= draw(seed, name) < 1
    assert draw(seed, name) == draw(seed, name)
    assert (1 - jitter) * 2 - 1e-9 <= jittered(2.0, jitter, seed, name) <= (1 + jitter) * 2 + 1e-9


@pytest.mark.parametrize("speed", [{"between_tokens": "100ms"}, {"tokens_per_second": 10.0}])
def test_pace_of_streams_and_whole_answers(speed: dict[str, Any]) -> None:
    """A stream waits before each word, after its head; a whole answer waits as long in all, before its head."""
    pace = Pace.model_validate({"first_token": "500ms", **speed})
    words = stream([event(PieceKind.CONTENT, {"word": index}, words=1) for index in range(3)])
    assert _pauses(words, pace) == pytest.approx([0.5, 0.1, 0.1])
    assert _pauses(whole(200, b"{}"), pace) == pytest.approx([0.7])


def _pauses(layout: Layout, pace: Pace) -> list[float | None]:
    return [step.seconds for step in steps(paced(layout, pace, 3, seed=0, number=1)) if isinstance(step, Pause)]


_SCALARS = st.none() | st.booleans() | st.integers() | st.text()


@settings(deadline=None)
@given(st.recursive(_SCALARS, lambda inner: st.lists(inner) | st.dictionaries(_KEYS, inner)))
def test_any_json_is_answered(body: JsonValue) -> None:
    """Whatever JSON comes in whichever dialect, it is answered with 200 or refused with 400."""
    responder = Responder(prepare(Script()))
    for path in ("chat/completions", "responses", "messages", "messages/count_tokens", "embeddings"):
        content = json.dumps(body).encode()
        outcome = responder.respond(1, "POST", f"/v1/{path}", {}, content, running_s=0, now_s=0)
        assert outcome.layout.status in {200, 400}
        assert b"".join(step.data for step in steps(outcome.layout) if isinstance(step, Send)).startswith(b"HTTP/1.1 ")
