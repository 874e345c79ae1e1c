"""Two answers compared by what can be seen in them, and what that says of the decision."""

import pytest

from triplepoint.routing.answers.model import Call, Said, Wanted
from triplepoint.routing.audits.compare import compare
from triplepoint.routing.audits.model import AuditScorer, Outcome, Score, outcome

JSON = Wanted(json=True, schema=b'{"type":"object","required":["a"]}')
NO = Said("I'm sorry, but I can't help with that.")
CALL = Said("", (Call("f", '{"a":1}'),))

CASES: dict[str, tuple[Wanted, Said, Said, Score | None]] = {
    "weaker breaks the form": (JSON, Said("{}"), Said('{"a":1}'), Score(0, 1, AuditScorer.FORM)),
    "stronger breaks the form": (JSON, Said('{"a":1}'), Said("a is 1"), Score(1, 0, AuditScorer.FORM)),
    "both break it": (JSON, Said("{}"), Said("[]"), Score(0, 0, AuditScorer.FORM)),
    "weaker is cut": (Wanted(), Said("It is", is_cut=True), Said("It is so."), Score(0, 1, AuditScorer.FORM)),
    "weaker says nothing": (Wanted(), Said(""), Said("It is so."), Score(0, 1, AuditScorer.FORM)),
    "no call where one is due": (Wanted(must_call=True), Said("Hm."), CALL, Score(0, 1, AuditScorer.FORM)),
    "word for word": (Wanted(), Said("It is\nso."), Said("It is so."), Score(1, 1, AuditScorer.EXACT)),
    "the same JSON": (JSON, Said('{"a":1,"b":2}'), Said('{"b": 2, "a": 1}'), Score(1, 1, AuditScorer.EXACT)),
    "the same number": (Wanted(), Said("#### 42"), Said("So the answer is 42."), Score(1, 1, AuditScorer.FINAL)),
    "another number": (Wanted(), Said("#### 41"), Said("So the answer is 42."), None),
    "weaker refuses": (Wanted(), NO, Said("Gladly: …"), Score(0, 1, AuditScorer.REFUSAL)),
    "stronger refuses": (Wanted(), Said("Gladly: …"), NO, Score(1, 0, AuditScorer.REFUSAL)),
    "both refuse": (Wanted(), NO, Said("I must decline."), Score(0, 0, AuditScorer.REFUSAL)),
    "weaker refuses where JSON is due": (JSON, NO, Said('{"a":1}'), Score(0, 1, AuditScorer.REFUSAL)),
    "the same call": (Wanted(), CALL, Said("Let me see.", (Call("f", '{ "a": 1 }'),)), Score(1, 1, AuditScorer.CALLS)),
    "another call": (Wanted(), CALL, Said("", (Call("f", '{"a":2}'),)), None),
    "a call and words": (Wanted(), CALL, Said("It is 1."), None),
    "prose": (Wanted(), Said("Bern, I think."), Said("The seat is Bern."), None),
}


@pytest.mark.parametrize(("wanted", "weaker", "stronger", "score"), CASES.values(), ids=CASES.keys())
def test_each_step_decides_what_it_can(wanted: Wanted, weaker: Said, stronger: Said, score: Score | None) -> None:
    """In order: form, agreement, refusal, calls; what none of them decides is for a judge."""
    assert compare(wanted, weaker=weaker, stronger=stronger) == score


@pytest.mark.parametrize(("wanted", "weaker", "stronger", "score"), CASES.values(), ids=CASES.keys())
def test_nothing_depends_on_which_is_which(wanted: Wanted, weaker: Said, stronger: Said, score: Score | None) -> None:
    """The two change places, and so do their scores."""
    swapped = None if score is None else Score(score.stronger, score.weaker, score.by)
    assert compare(wanted, weaker=stronger, stronger=weaker) == swapped


@pytest.mark.parametrize(
    ("weaker", "stronger", "under", "over"),
    [
        (0.0, 1.0, Outcome.UNDER_ROUTE, Outcome.FINE),
        (1.0, 1.0, Outcome.FINE, Outcome.OVER_ROUTE),
        (0.0, 0.0, Outcome.FINE, Outcome.OVER_ROUTE),
        (1.0, 0.0, Outcome.FINE, Outcome.OVER_ROUTE),
        (0.5, 0.5, Outcome.FINE, Outcome.OVER_ROUTE),
    ],
)
def test_only_a_materially_better_answer_refutes(weaker: float, stronger: float, under: Outcome, over: Outcome) -> None:
    """Another tier is no misroute by itself: a weaker choice is one when it is worse, the reference when it is not better."""
    score = Score(weaker, stronger, AuditScorer.JUDGE)
    assert outcome(score, chosen_is_reference=False) is under
    assert outcome(score, chosen_is_reference=True) is over
    assert outcome(None, chosen_is_reference=False) is Outcome.UNDECIDED
