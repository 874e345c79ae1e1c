"""A scorer adds up what a text has, never raises, and falls back on means where it has nothing to go by."""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.routing.scorer.helpers import tiny_card, tiny_scorer, tiny_tables

from triplepoint.routing.model import Question, Signals
from triplepoint.routing.scorer.card import Measured
from triplepoint.routing.scorer.file import write_scorer
from triplepoint.routing.scorer.table import TableScorer, load_scorer
from triplepoint.routing.scorer.tables import MARKS, Tables
from triplepoint.routing.scorer.terms import BINS, MEASURES, measure, pairs_of, words_of

VOCABULARY = ("!", "a", "law", "prove", "prove the", "sum", "the", "the sum", "と", "数", "明", "证", "证 明")
GROUPS = ("maths", "law")


def _random_tables() -> Tables:
    chance = np.random.default_rng(7)
    tables = tiny_tables(words={term: chance.normal(0, 0.2, 2).tolist() for term in VOCABULARY})
    for array in (tables.quality, tables.length, tables.membership, tables.group_measures):
        array[:] = chance.normal(0, 0.1, array.shape)
    tables.rarity[:] = chance.uniform(1, 8, tables.rarity.shape)
    tables.group_base[:] = [[0.35, 0.7], [0.55, 0.8], [0.4, 0.7]]
    tables.group_quality[:] = [[0.3, 0.7], [0.6, 0.8], [0.45, 0.75]]
    return tables


SCORER = load_scorer(write_scorer(tiny_card(_random_tables()), _random_tables()))

texts = st.text(max_size=300) | st.lists(st.sampled_from(VOCABULARY), max_size=60).map(" ".join)
"""Anything, and texts that the vocabulary covers."""


def _ask(text: str, *, task: str = "", scorer: TableScorer = SCORER) -> dict[str, float]:
    scores = scorer.score(Question(signals=Signals(task=task), text=text))
    return {name: estimate.quality for name, estimate in scores.estimates.items()}


@given(texts, st.sampled_from(("", "maths", "law", "no such group")))
def test_any_text_gets_probabilities(text: str, task: str) -> None:
    """Whatever is asked: no error, probabilities, finite lengths, known groups, and the same again."""
    question = Question(signals=Signals(task=task), text=text)
    scores = SCORER.score(question)
    assert set(scores.estimates) == {"small", "large"}
    for estimate in scores.estimates.values():
        assert 0 <= estimate.quality <= 1
        assert estimate.output_tokens is not None
        assert 0 < estimate.output_tokens < math.inf
    assert scores.group in {"", *GROUPS}
    assert task not in GROUPS or scores.group == task
    assert SCORER.score(question) == scores


@given(texts, st.sampled_from(("", "maths", "law")))
def test_the_quick_way_agrees_with_the_slow_one(text: str, task: str) -> None:
    """What is gathered in one sum is what a loop over terms, marks and groups comes to."""
    scores = SCORER.score(Question(signals=Signals(task=task), text=text))
    slow = _slow(text, task)
    if slow is None:
        assert not scores.has_signal
        return
    assert scores.has_signal
    assert [estimate.quality for estimate in scores.estimates.values()] == pytest.approx(slow, abs=1e-4)


def _slow(text: str, task: str) -> Sequence[float] | None:
    tables, words = SCORER.tables, words_of(text)
    rows = {term: row for row, term in enumerate(tables.vocabulary)}
    known = sorted(set(words) & set(rows))
    if len(known) < 3:
        return None
    terms = known + sorted({f"{a} {b}" for a, b in pairs_of(words)} & set(rows))
    logarithms = measure(text, words, len(set(words))).tolist()
    standards = [
        max(-3.0, min(3.0, (value - float(tables.marks_centre[place])) / float(tables.marks_spread[place])))
        for place, value in enumerate(logarithms)
    ]
    length = math.sqrt(sum(float(tables.rarity[rows[term]]) ** 2 for term in terms))

    def add_up(table: np.ndarray, column: int) -> float:
        total = sum(float(table[rows[term], column]) for term in terms) / length
        for place, value in enumerate(logarithms):
            bin_of = sum(bool(np.float32(value) > edge) for edge in tables.marks_edges[place])
            total += float(table[len(rows) + place * BINS + bin_of, column])
            total += standards[place] * float(table[len(rows) + len(MEASURES) * BINS + place, column])
        return total

    def in_group(group: int, column: int) -> float:
        return sum(value * float(tables.group_measures[group, place, column]) for place, value in enumerate(standards))

    odds = [math.exp(add_up(tables.membership, group)) for group in range(2)]
    shares = [odd / sum(odds) for odd in odds] if not task else [float(task == group) for group in GROUPS]
    means = [
        sum(share * (float(tables.group_base[row, m]) + in_group(row, m)) for row, share in enumerate(shares)) for m in range(2)
    ]
    return [min(1.0, max(0.0, means[m] + add_up(tables.quality, m))) for m in range(2)]


@pytest.mark.parametrize("text", ["", "x", "\x00\x01\x02", " \n\t ", "😀", "Ω" * 10_000, "zzz qqq xxx vvv", "\ud800"])
def test_what_says_nothing_has_no_signal(text: str) -> None:
    """A character, control characters, a foreign tongue: the means stand, the group's where the caller names one."""
    scores = SCORER.score(Question(signals=Signals(), text=text))
    assert not scores.has_signal
    assert scores.group == ""
    assert _ask(text) == pytest.approx({"small": 0.45, "large": 0.75})
    assert _ask(text, task="law") == pytest.approx({"small": 0.6, "large": 0.8})


def test_a_word_moves_what_it_was_learnt_to_move() -> None:
    """A hard word takes from the model that fails on it, and the more alike the texts, the more it shows."""
    scorer = load_scorer(tiny_scorer(words={"prove": [-0.4, -0.1], "a": [0, 0], "the": [0, 0], "sum": [0, 0]}))
    assert _ask("a the sum", scorer=scorer) == {"small": 0.5, "large": 0.5}
    assert _ask("prove a the sum", scorer=scorer) == pytest.approx({"small": 0.3, "large": 0.45}, abs=1e-3)


def test_characters_are_words_where_nobody_writes_spaces() -> None:
    """Chinese, alone and mixed, is read by character and pair of characters."""
    scorer = load_scorer(tiny_scorer(words={"证": [0, 0], "明": [0, 0], "证 明": [-0.4, 0], "这": [0, 0], "lemma": [0, 0]}))
    assert _ask("证明这", scorer=scorer)["small"] < _ask("明证这", scorer=scorer)["small"] == 0.5
    assert _ask("证明lemma", scorer=scorer)["small"] < 0.5


def test_a_lineup_may_call_a_model_otherwise() -> None:
    """The line-up's name gets the estimate of the scorer's model, and the scorer's own name still does."""
    scorer = load_scorer(tiny_scorer(quality=[[0.2, 0.9]] * 3), names={"nano": "small", "large": "small"})
    assert set(scorer.models) == {"nano", "small", "large"}
    assert _ask("", scorer=scorer) == pytest.approx({"nano": 0.2, "small": 0.2, "large": 0.2})


def test_a_length_never_learnt_is_none() -> None:
    """Unknown is not zero."""
    tables = tiny_tables()
    tables.group_output_tokens[:, 1] = 0
    scorer = load_scorer(write_scorer(tiny_card(tables), tables))
    for text in ("", "prove the sum"):
        estimates = scorer.score(Question(signals=Signals(), text=text)).estimates
        assert estimates["small"].output_tokens == pytest.approx(100)
        assert estimates["large"].output_tokens is None


def test_a_length_known_of_one_group_says_nothing_of_another() -> None:
    """A tag gets its own group's; words get a mean of the groups that are known, where those are the likelier ones."""
    tables = tiny_tables()
    tables.group_output_tokens[:, 0] = [80, 0, 0]
    scorer = load_scorer(write_scorer(tiny_card(tables), tables))
    found = [
        scorer.score(Question(signals=Signals(task=task), text="prove the sum")).estimates["small"].output_tokens
        for task in ("maths", "law", "")
    ]
    assert found == [pytest.approx(80), None, pytest.approx(80)]
    tables.group_prior[:] = [0, 0.1]
    scorer = load_scorer(write_scorer(tiny_card(tables), tables))
    assert scorer.score(Question(signals=Signals(), text="prove the sum")).estimates["small"].output_tokens is None


def test_no_groups_and_no_words_will_do() -> None:
    """A scorer of means alone is a scorer."""
    tables = tiny_tables(groups=(), words={})
    scorer = load_scorer(write_scorer(tiny_card(tables, groups=()), tables))
    assert tables.quality.shape == (MARKS, 2)
    assert _ask("prove the sum", scorer=scorer) == {"small": 0.5, "large": 0.5}
    words_only = load_scorer(tiny_scorer(groups=()))
    assert _ask("prove the sum", scorer=words_only)["small"] < 0.5


def test_means_are_told_with_what_may_be_chance() -> None:
    """Of a group that the card tells the size of, the means stand beside the estimates; of another, nothing does."""
    tables = tiny_tables(quality=[[0.2, 0.9], [0.4, 0.6], [0.3, 0.7]])
    measured = tuple(
        Measured(model=model, group="maths", rows=rows, mean_score=0.5, ece=0.0, brier=0.0)
        for model, rows in (("small", 450), ("large", 800))
    )
    scorer = load_scorer(write_scorer(msgspec.structs.replace(tiny_card(tables), measured=measured), tables))
    scores = scorer.score(Question(signals=Signals(task="maths"), text="prove the sum a"))
    assert scores.means is not None
    assert [round(scores.means[model].quality, 6) for model in ("small", "large")] == [0.2, 0.9]
    assert scores.means["small"].quality != scores.estimates["small"].quality
    assert scores.least_gap == pytest.approx(1.645 * (2 * 450) ** -0.5)
    assert scorer.score(Question(signals=Signals(task="law"), text="prove the sum a")).means is None


def test_what_moved_the_estimates() -> None:
    """The words that told the models apart come first, with what each added; a text without signal has none."""
    told = SCORER.pushes(Question(signals=Signals(), text="prove the sum a law"))
    sums = {model: sum(push.by[model] for push in told) for model in ("small", "large")}
    assert all(push.what in {repr(word) for word in VOCABULARY} | set(MEASURES) for push in told)
    assert len(told) == 8
    spreads = [abs(push.by["small"] - push.by["large"]) for push in told]
    assert spreads == sorted(spreads, reverse=True)
    assert sums["small"] != sums["large"]
    assert SCORER.pushes(Question(signals=Signals(), text="")) == ()
    plain = load_scorer(tiny_scorer())
    first = plain.pushes(Question(signals=Signals(), text="prove the sum a"))[0]
    assert (first.what, first.by) == (
        "'prove'",
        {"small": pytest.approx(-0.15, abs=1e-3), "large": pytest.approx(-0.05, abs=1e-3)},
    )
