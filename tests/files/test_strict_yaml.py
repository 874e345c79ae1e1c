import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.files.strict_yaml import MAX_DEPTH, key_text, read_yaml

TEXT = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]))  # beyond, JSON escapes in halves; YAML does not
KEY = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=60)  # YAML bounds keys at 1024 bytes
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY, inner, max_size=4),
    max_leaves=12,
)


def problem(text: str) -> tuple[int, str, str, str]:
    """Read a text that has one problem, and return it."""
    document = read_yaml(text, file="f.yaml")
    assert len(document.problems) == 1
    (found,) = document.problems
    assert found.file == "f.yaml"
    return found.line, found.key, found.message, found.fix


@pytest.mark.parametrize("word", ["no", "NO", "on", "off", "yes", "y", "n", "2026-11-20", "12:30", "0o17", "1_000", "0x1f"])
def test_only_true_and_false_are_booleans(word: str):
    """Words that YAML 1.1 turns into booleans, dates and odd numbers stay the text that was written."""
    assert read_yaml(f"a: {word}", file="f").value == {"a": word}


def test_scalars_mean_what_json_means():
    """Numbers, booleans and null are read; anything in quotes is text."""
    text = "a: 1\nb: -2.5\nc: true\nd: null\ne:\nf: '1'\ng: \"true\"\nh: 1e3\ni: |\n  two\n  lines\n"
    value = {"a": 1, "b": -2.5, "c": True, "d": None, "e": None, "f": "1", "g": "true", "h": 1000.0, "i": "two\nlines\n"}
    assert read_yaml(text, file="f").value == value


@given(st.dictionaries(KEY, PLAIN, min_size=1))
def test_what_json_writes_is_read_back(value: dict[str, object]):
    """JSON is YAML: every value that is written as JSON comes back the same."""
    text = json.dumps(value)
    document = read_yaml(text, file="f")
    assert document.problems == []
    assert document.value == value


@given(st.text())
def test_no_text_is_too_odd(text: str):
    """Whatever a file holds, reading gives a value or a problem and never raises."""
    document = read_yaml(text, file="f")
    assert document.value is not None or document.problems


@given(st.text(alphabet="a:-&*[]{}|>\"'!%@#, \n\t", max_size=60))
def test_no_syntax_is_too_odd(text: str):
    """Texts made of YAML's own marks do not confuse the reader either; it takes nothing that libyaml's composer refuses."""
    document = read_yaml(text, file="f")
    if not document.problems:
        assert yaml.compose(text, Loader=yaml.CSafeLoader) is not None


def test_every_value_knows_its_line():
    """Lines are those of keys and list items, counted from 1, comments included."""
    document = read_yaml("# head\na:\n  b: 1\n  c:\n    - x\n    - y: 2\n", file="f")
    lines = {key_text(path): line for path, line in document.lines.items()}
    assert lines == {"a": 2, "a.b": 3, "a.c": 4, "a.c[0]": 5, "a.c[1]": 6, "a.c[1].y": 6}
    assert document.line(("a", "c", 1, "missing")) == 6


def test_a_key_given_twice_is_refused():
    """The second of two equal keys is named, with the line of the first."""
    line, key, message, fix = problem("a:\n  b: 1\n  c: 2\n  b: 3\n")
    assert (line, key, message) == (4, "a.b", "given twice")
    assert "line 2" in fix


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a:\n\tb: 1\n", 2, "tab"),
        ("a: 1\nb: c: d\n", 2, "mapping values"),
        ("a: [1, 2\n", 2, "not YAML"),
        ("", 1, "empty"),
        ("# only a comment\n", 1, "empty"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("a: !!python/object:os.system x\n", 1, "tag"),
        ("a: !Secret x\n", 1, "tag"),
        ("1: x\n", 1, "not text"),
        ("true: x\n", 1, "not text"),
        ("[a]: x\n", 1, "key must be plain text"),
        ("b: &b {c: 1}\na:\n  <<: *b\n", 3, "merge"),
        ("a: *nowhere\n", 1, "no anchor"),
        ("a: &a [1, *a]\n", 1, "contains itself"),
        ("a: \x07\n", 1, "not YAML"),
    ],
)
def test_what_is_refused(text: str, line: int, words: str):
    """Each thing that YAML allows or forbids and we do not take has a problem at its line."""
    found_line, _, message, fix = problem(text)
    assert found_line == line
    assert words in message
    assert fix


def test_an_alias_stands_for_its_value():
    """Aliases are allowed, so that a list need not be written twice."""
    assert read_yaml("a: &x [1, 2]\nb: *x\n", file="f").value == {"a": [1, 2], "b": [1, 2]}


def test_a_bomb_of_aliases_is_refused():
    """Ten lines of aliases that would expand to ten billion values are stopped by counting."""
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 11))
    _, _, message, _ = problem(bomb)
    assert "aliases expanded" in message


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused(opening: str):
    """A hundred thousand open brackets give a problem, not a crash."""
    _, _, message, _ = problem(opening * 100_000)
    assert f"{MAX_DEPTH} levels" in message or "not YAML" in message
