"""A decision in an answer's headers and in the journal: fixed forms, every model once, bounded, printable ASCII."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.gateway.harness import model, openai_upstream
from tests.gateway.making import chat, pick, snapshot_of

from triplepoint.gateway.choice import Choice, Decided
from triplepoint.gateway.eligible import Dropped
from triplepoint.gateway.explain import explanation, routed_record
from triplepoint.ledger.routed import CandidateRecord
from triplepoint.routing.model import Decision, Signals, Weighed

NAMES = ("nano", "mini", "regular", "large")
DECISION = Decision(
    "mini",
    "worth most at thrift 40: 83 % good for 2e-05 USD; promise of 5 % kept",
    "learned",
    ("nano", "mini", "large"),
    0.9875,
    explored=False,
    weighed=(
        Weighed("nano", 0.6123456, 48.0, 0.0000123456, 0.0212, 1.53, -0.00591234, False, "dominated by mini"),
        Weighed("mini", 0.83, 52.0, 0.00002, 0.05, 1.9, 0.0081),
        Weighed("large", 0.9, 60.25, 0.0023, None, None, 0.0061, True, 'gains no more than 5 points over "mini"'),
    ),
    group="maths",
    scorer="0123456789ab",
    thrift=40,
    is_certified=True,
)
SIGNALS = Signals(input_tokens=1412, maths=True, turns=2, language="zh")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Choice:
    """Choose under a router that weighs nothing."""
    snapshot = snapshot_of(
        tmp_path_factory.mktemp("explain"),
        upstreams={"a": openai_upstream(1)},
        models={name: model("a", capabilities=["chat"]) for name in NAMES},
        lineup={"router": {"kind": "fixed", "default": "mini"}},
    )
    return pick(snapshot, chat(model="auto"))


def decided(plain: Choice, decision: Decision = DECISION, *dropped: Dropped) -> Choice:
    """Put a decision into a choice."""
    found = Decided(decision, SIGNALS, {}, dropped or (Dropped("regular", "lacks images"),))
    return Choice(plain.lineup, plain.route, decision.reason, found)


def told(choice: Choice) -> dict[str, str]:
    """Return the headers."""
    return {name.decode(): value.decode() for name, value in explanation(choice)}


def test_a_weighed_decision(plain: Choice) -> None:
    """Choice, policy, dial, propensity, chance, certificate, group and scorer; then each model in line-up order."""
    assert told(decided(plain)) == {
        "x-triplepoint-decision": "worth most at thrift 40: 83 % good for 2e-05 USD; promise of 5 % kept",
        "x-triplepoint-routing": (
            'chosen="mini", policy=learned, thrift=40, propensity=0.9875, explored=no, certified=yes, group="maths", '
            'scorer="0123456789ab"'
        ),
        "x-triplepoint-candidates": (
            '"nano";quality=0.6123;tokens=48;usd=0.00001235;wh=0.0212;s=1.53;worth=-0.005912;not="dominated by mini", '
            '"mini";quality=0.83;tokens=52;usd=0.00002;wh=0.05;s=1.9;worth=0.0081, "regular";not="lacks images", '
            '"large";quality=0.9;tokens=60.25;usd=0.0023;worth=0.0061;note="gains no more than 5 points over \'mini\'"'
        ),
    }


def test_a_plain_decision(plain: Choice) -> None:
    """A policy that weighs nothing names itself and the candidates; a model by name has a reason alone."""
    assert told(plain) == {
        "x-triplepoint-decision": "fixed",
        "x-triplepoint-routing": 'chosen="mini", policy=fixed, propensity=1, explored=no, certified=no',
        "x-triplepoint-candidates": '"nano", "mini", "regular", "large"',
    }
    assert told(Choice(plain.lineup, plain.route, "alias small")) == {"x-triplepoint-decision": "alias small"}


def test_what_a_caller_may_not_call_is_not_told(plain: Choice) -> None:
    """Models that key or plan do not entitle to are in the journal and in no header."""
    choice = decided(plain, DECISION, Dropped("regular", "not entitled by the plan"))
    choice_told = told(choice)["x-triplepoint-candidates"]
    assert "regular" not in choice_told
    record = routed_record(choice)
    assert record is not None
    assert [one.model for one in record.candidates] == list(NAMES)
    assert record.candidates[2] == CandidateRecord("regular", why_not="not entitled by the plan", is_allowed=False)


def test_the_journal_has_it_whole(plain: Choice) -> None:
    """Numbers are kept as they were, signals without those that say nothing, and nothing at all for a model by name."""
    record = routed_record(decided(plain))
    assert record is not None
    assert (record.policy, record.scorer, record.group, record.thrift) == ("learned", "0123456789ab", "maths", 40)
    assert (record.propensity, record.explored, record.is_certified) == (0.9875, False, True)
    assert record.signals == {"input_tokens": 1412, "maths": True, "turns": 2, "language": "zh"}
    nano, mini, regular, large = record.candidates
    assert nano == CandidateRecord("nano", 0.6123456, 48.0, 0.0000123456, 0.0212, 1.53, -0.00591234, "dominated by mini", False)
    assert mini == CandidateRecord("mini", 0.83, 52.0, 0.00002, 0.05, 1.9, 0.0081)
    assert regular == CandidateRecord("regular", why_not="lacks images", is_allowed=False)
    assert large.is_allowed
    assert routed_record(Choice(plain.lineup, plain.route, "asked by name")) is None


@given(text=st.text(max_size=2000), names=st.lists(st.text("abc/:.-", min_size=1, max_size=128), max_size=60, unique=True))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_headers_are_bounded_and_printable(plain: Choice, text: str, names: list[str]) -> None:
    """However many models there are, and whatever a reason says, the three headers are short and hold no line break."""
    many: Any = dict.fromkeys((*names, *NAMES))
    weighed = tuple(Weighed(name, 0.5, 50.0, 0.1, 0.1, 0.1, 0.1, False, text) for name in many)
    decision = Decision("mini", text, "learned", tuple(many), weighed=weighed, group=text[:40])
    choice = Choice(replace(plain.lineup, models=many), plain.route, text, Decided(decision, SIGNALS, {}, ()))
    headers = told(choice)
    assert all(" " <= character <= "~" for value in headers.values() for character in value)
    assert len(headers["x-triplepoint-routing"]) + len(headers["x-triplepoint-candidates"]) <= 1000
    assert headers["x-triplepoint-candidates"].startswith('"')
