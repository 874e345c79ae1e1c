"""A data set is seen through the scorer as live requests would be."""

import numpy as np
import pytest
from tests.routing.scorer.helpers import tiny_scorer

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.guarantee.labels import judged_by, question_of
from triplepoint.routing.scorer.table import TableScorer, load_scorer

_PROMPTS = ["prove the sum a thing", "the sum of a thing", "χ", "a sum the prove"]


def _data(scores: list[list[float]], groups: list[str] | None = None) -> Labelled:
    return Labelled(
        name="ours",
        prompts=_PROMPTS[: len(scores)],
        groups=groups or ["law"] * len(scores),
        models=("large", "small"),
        scores=np.array(scores),
        costs=None,
        output_tokens=None,
        digest="d" * 64,
        licence="",
        source="",
    )


@pytest.fixture
def scorer() -> TableScorer:
    """Return a scorer for which what is to be proved is hard for the small model."""
    return load_scorer(tiny_scorer())


def test_estimates_are_those_of_a_live_request(scorer: TableScorer) -> None:
    """The same question, the same numbers to the last bit: a threshold is compared with them."""
    judged = judged_by(_data([[1, 0]] * 4), scorer, ["small", "large"])
    for row, prompt in enumerate(_PROMPTS):
        live = scorer.score(question_of(prompt))
        assert judged.quality[row].tolist() == [live.estimates["small"].quality, live.estimates["large"].quality]
        assert judged.groups[row] == live.group
        assert judged.novel[row] == (not live.has_signal)
    assert judged.novel.tolist() == [False, False, True, False]


def test_models_come_in_the_order_asked_for(scorer: TableScorer) -> None:
    """Weakest first, whatever the order of the file; good from the score that is said on; what has no score is not judged."""
    data = _data([[0.8, 0.4], [0.5, 0.5], [np.nan, 1.0], [0.0, 1.0]])
    judged = judged_by(data, scorer, ["small", "large"])
    assert judged.models == ("small", "large")
    np.testing.assert_array_equal(judged.good, [[0, 1], [1, 1], [1, np.nan], [1, 0]])
    stricter = judged_by(data, scorer, ["small", "large"], good_from=0.8)
    np.testing.assert_array_equal(stricter.good, [[0, 1], [0, 0], [1, np.nan], [1, 0]])


def test_the_caller_s_tag_is_known_only_where_live_requests_have_it(scorer: TableScorer) -> None:
    """Untagged, the group is told from the words."""
    data = _data([[1, 0]] * 2, ["law", "law"])
    assert judged_by(data, scorer, ["small", "large"], are_tagged=True).groups == ["law", "law"]
    assert judged_by(data, scorer, ["small", "large"]).groups == ["maths", "maths"]


@pytest.mark.parametrize(
    ("models", "scores", "message"),
    [
        (["small"], [[1, 1]], "two models"),
        (["small", "huge"], [[1, 1]], "knows no huge"),
    ],
)
def test_what_cannot_be_judged_is_refused(
    scorer: TableScorer, models: list[str], scores: list[list[float]], message: str
) -> None:
    """With what to do instead."""
    with pytest.raises(RequestInvalid, match=message):
        judged_by(_data(scores), scorer, models)
