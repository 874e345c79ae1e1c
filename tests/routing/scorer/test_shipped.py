"""The scorer that ships loads, is small, comes from data that may ship, and routes in the example that uses it."""

import hashlib
from pathlib import Path

import pytest

from triplepoint.app import load_today
from triplepoint.lineups.model import LearnedRouter
from triplepoint.routing.model import Question, Signals
from triplepoint.routing.scorer.table import load_scorer

ROOT = Path(__file__).parents[3]
FILE = ROOT / "routers" / "mixtral-gpt4.safetensors"
EXAMPLE = ROOT / "examples" / "router"
SCORER = load_scorer(FILE.read_bytes(), names={"mixtral": "mixtral-8x7b-instruct-v0.1", "gpt-4": "gpt-4-1106-preview"})
EASY = "Which of the following is the capital of France?\nA. Paris\nB. Rome\nC. Madrid\nD. Berlin\nAnswer:"
HARD = "Find the degree for the given field extension Q(sqrt(2), sqrt(3)) over Q.\nA. 0\nB. 4\nC. 2\nD. 6\nAnswer:"


def test_its_card_names_the_data_that_are_here() -> None:
    """Below 2 MB; each data set stands in data/routing with that hash, under Apache-2.0; it beats the table of group means."""
    assert FILE.stat().st_size < 2_000_000
    kept = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (ROOT / "data" / "routing").glob("*.parquet")}
    assert {source.digest for source in SCORER.card.data} < kept
    assert all("Apache-2.0" in source.licence for source in SCORER.card.data)
    (pair,) = SCORER.card.pairs
    assert pair.apgr > pair.apgr_groups
    assert all(one.ece <= 0.02 for one in SCORER.card.measured if not one.group)


def test_it_tells_easy_from_hard() -> None:
    """A capital is known to both, algebra to neither for sure; a text of which hardly a word was ever learnt has no signal."""
    easy, hard = (SCORER.score(Question(signals=Signals(), text=text)) for text in (EASY, HARD))
    assert easy.has_signal
    assert hard.has_signal
    assert hard.group == "abstract_algebra"
    assert easy.estimates["mixtral"].quality > 0.75 > 0.55 > hard.estimates["mixtral"].quality
    for text in ("写一首关于大海的诗", "Schreib mir ein Gedicht über das Meer.", "x", ""):
        assert not SCORER.score(Question(signals=Signals(), text=text)).has_signal


def test_the_example_uses_it() -> None:
    """The line-up of the example names its hash and its models, and is sound."""
    router = load_today(EXAMPLE).lineup.router
    assert isinstance(router, LearnedRouter)
    assert (EXAMPLE / router.scorer.file).samefile(FILE)
    assert router.scorer.sha256 == hashlib.sha256(FILE.read_bytes()).hexdigest()
    assert set(router.scorer.models) <= set(SCORER.models)


@pytest.mark.parametrize("text", ["", "x", "\x00", "数", EASY * 100])
def test_it_never_raises(text: str) -> None:
    """Whatever it is asked, it answers with probabilities."""
    for estimate in SCORER.score(Question(signals=Signals(), text=text)).estimates.values():
        assert 0 <= estimate.quality <= 1
