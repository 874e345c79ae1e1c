"""A scorer's file comes back as it was written, is the same bytes each time, and is refused in words when anything is wrong."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from tests.routing.scorer.helpers import tiny_card, tiny_scorer, tiny_tables

from triplepoint.foundation.errors import ScorerInvalid
from triplepoint.routing.model import Question, Signals
from triplepoint.routing.scorer.card import FORMAT
from triplepoint.routing.scorer.file import digest_without_certificates, read_scorer, with_certificates, write_scorer
from triplepoint.routing.scorer.table import load_scorer
from triplepoint.routing.scorer.tables import ARRAYS, Tables

DATA = tiny_scorer()


def test_what_is_written_comes_back() -> None:
    """A round trip keeps the card and every number, memberships to a 127th of the largest."""
    tables = tiny_tables(words={"prove": [-0.25, 0.5], "the sum": [0.125, 0.0], "证": [1.0, 0.0]})
    tables.membership[:] = np.linspace(-1, 1, tables.membership.size).reshape(tables.membership.shape)
    card = tiny_card(tables)
    read = read_scorer(write_scorer(card, tables))
    assert read.card == card
    assert read.tables.vocabulary == tables.vocabulary
    for name in ARRAYS:
        tolerance = 1 / 127 if name == "membership" else 0
        np.testing.assert_allclose(getattr(read.tables, name), getattr(tables, name), atol=tolerance)


def test_the_same_content_is_the_same_bytes_and_any_library_reads_it(tmp_path: Path) -> None:
    """The file is deterministic, and a plain safetensors container."""
    assert tiny_scorer() == DATA
    path = tmp_path / "tiny.safetensors"
    path.write_bytes(DATA)
    plain: Any = safe_open
    with plain(path, framework="numpy") as file:
        assert set(ARRAYS) < set(file.keys())
        assert msgspec.json.decode(file.metadata()["card"])["format"] == FORMAT


def test_other_certificates_change_nothing_else() -> None:
    """Certificates go in and out, and what they are about keeps its hash and its numbers."""
    certified = with_certificates(DATA, '[{"misroute":0.05}]')
    assert certified != DATA
    assert read_scorer(certified).certificates == '[{"misroute":0.05}]'
    assert with_certificates(certified, "") == DATA
    assert digest_without_certificates(certified) == digest_without_certificates(DATA) == read_scorer(DATA).digest
    question = Question(signals=Signals(), text="prove the sum a")
    assert load_scorer(certified).score(question) == load_scorer(DATA).score(question)
    assert load_scorer(certified).bare_digest == load_scorer(DATA).digest


def test_certificates_that_are_no_json_are_refused() -> None:
    """A certificate that nobody can read never gets into a file."""
    with pytest.raises(ScorerInvalid, match="no JSON"):
        with_certificates(DATA, "{")


@given(st.integers(0, len(DATA) - 1))
def test_a_truncated_file_is_refused(length: int) -> None:
    """Cut off anywhere, it is an error that says so, never a crash."""
    with pytest.raises(ScorerInvalid, match="cannot be used"):
        read_scorer(DATA[:length])


@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_a_damaged_byte_is_refused_or_leaves_a_sound_scorer(at: int, change: int) -> None:
    """One byte changed anywhere gives the error, or numbers that are still finite probabilities."""
    damaged = bytearray(DATA)
    damaged[at] ^= change
    try:
        scorer = load_scorer(bytes(damaged))
    except ScorerInvalid:
        return
    for estimate in scorer.score(Question(signals=Signals(), text="prove the sum a")).estimates.values():
        assert 0 <= estimate.quality <= 1


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    """What is no scorer at all is an error, never a crash."""
    with pytest.raises(ScorerInvalid):
        read_scorer(data)


Change = Callable[[Tables], dict[str, Any]]
UNSOUND: dict[str, Change] = {
    "quality holds numbers that are not finite": lambda t: {"quality": t.quality * np.nan},
    "quality holds numbers that are not finite, or beyond": lambda t: {"quality": t.quality + 1e8},
    "rarity has shape": lambda t: {"rarity": t.rarity[1:]},
    "rarity is below 0.01": lambda t: {"rarity": -t.rarity},
    "group_quality leaves 0…1": lambda t: {"group_quality": t.group_quality + 1},
    "knots_out leaves 0…1 or falls": lambda t: {"knots_out": t.knots_out[:, ::-1]},
    "knots_in does not rise": lambda t: {"knots_in": t.knots_in * 0},
    "fewer than two points": lambda t: {"knots_in": t.knots_in[:, :1], "knots_out": t.knots_out[:, :1]},
    "marks_spread is below 0.01": lambda t: {"marks_spread": t.marks_spread * 0},
    "marks_edges falls": lambda t: {"marks_edges": t.marks_edges[:, ::-1]},
    "group_output_tokens is below 0": lambda t: {"group_output_tokens": -t.group_output_tokens},
    "another vocabulary": lambda t: {"vocabulary": t.vocabulary[::-1]},
}
"""By what is said of it: what is changed in sound tables."""


@pytest.mark.parametrize("words", UNSOUND)
def test_tables_that_are_not_sound_are_not_written(words: str) -> None:
    """Each wrong thing is named."""
    tables = tiny_tables()
    tables = dataclasses.replace(tables, **UNSOUND[words](tables))
    with pytest.raises(ScorerInvalid, match=words):
        write_scorer(tiny_card(tiny_tables()), tables)


def _floats(*values: float) -> bytes:
    return np.array(values, dtype="<f4").tobytes()


def _edited(old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new)
    assert DATA.count(old) >= 1
    return DATA.replace(old, new, 1)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(_edited(b"prove\n", b"prose\n"), "its vocabulary is another", id="another vocabulary"),
        pytest.param(_edited(b'\\"format\\":1', b'\\"format\\":2'), "has format 2, and this version", id="another format"),
        pytest.param(_edited(b'"card"', b'"cord"'), "has no card", id="no card"),
        pytest.param(_edited(b'"rarity"', b'"parity"'), "missing or unknown: parity, rarity", id="unknown tensor"),
        pytest.param(_edited(b'"dtype":"F16"', b'"dtype":"I16"'), "of type I16 instead of F16", id="another type"),
        pytest.param(_edited(b'\\"small\\"', b'\\"large\\"'), "a model or group twice", id="twice"),
        pytest.param(_edited(_floats(0.0, 1.0), _floats(0.0, np.nan)), "not finite", id="nan"),
    ],
)
def test_a_file_that_is_not_sound_is_refused(data: bytes, words: str) -> None:
    """Each wrong thing is named, with what to do."""
    with pytest.raises(ScorerInvalid, match=words) as caught:
        read_scorer(data)
    assert "train it anew" in str(caught.value)


def test_a_file_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cap comes before anything is looked at."""
    monkeypatch.setattr("triplepoint.routing.scorer.file.LARGEST", len(DATA) - 1)
    with pytest.raises(ScorerInvalid, match="the largest that is read"):
        read_scorer(DATA)


def test_a_name_that_the_scorer_lacks_is_refused() -> None:
    """A line-up that maps onto a model the scorer never saw is told which ones it knows."""
    with pytest.raises(ScorerInvalid, match="knows no model huge"):
        load_scorer(DATA, names={"pro": "huge"})
