"""The router and explained requests as HTML."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.console.attempts import make_attempt, make_status
from tests.console.test_drawings import text_of
from tests.routing.audits.found import audit
from tests.routing.taught import certificate, family_scorer

from triplepoint.console.enquirer import read_asked
from triplepoint.console.explained import as_routed, draw_refused, draw_reply
from triplepoint.console.misroutes import draw_misroutes
from triplepoint.console.receipt import Parties, draw_receipt
from triplepoint.console.router import draw_evidence, draw_head, draw_problems
from triplepoint.foundation.errors import Problem, RequestInvalid, SettingsInvalid
from triplepoint.ledger.audits.model import Audit, Lapse
from triplepoint.ledger.receipts import to_receipt
from triplepoint.routing.audits.report import MisrouteReport, make_report
from triplepoint.routing.audits.watching import AuditedLineup, as_audited
from triplepoint.routing.description import RouterDescription, Standing, StandingCertificate
from triplepoint.routing.enquiry import OnPlan, Reply
from triplepoint.routing.guarantee.alarm import Watch
from triplepoint.routing.model import Change, Condition, Decision, LeftOut, Push, Signals, Trial, Weighed
from triplepoint.routing.scorer.card import Pair
from triplepoint.routing.scorer.table import load_scorer
from triplepoint.upstreams.dialects.model import Dialect

ELEMENTS = re.compile(r"<[^>]*>")


def reply(words: str = "x", **changed: object) -> Reply:
    """Make a reply in which somebody's words stand wherever they can."""
    decision = Decision(
        model="mini",
        reason=f"worth most {words}",
        policy="learned",
        candidates=("nano", "mini"),
        weighed=(
            Weighed("nano", 0.61, 48.0, 0.0000123, 0.02, None, -0.0004, is_allowed=False, why_not="dominated by mini"),
            Weighed("mini", 0.83, 52.0, 0.00002, 0.05, None, 0.0081),
        ),
        group="maths",
        scorer="0123456789ab",
        thrift=40,
        is_certified=True,
    )
    made = Reply(
        signals=Signals(input_tokens=1412, maths=True, task=words),
        trials=(Trial(1, "mini", words, (Condition("task", words, words, holds=False),), is_candidate=True),),
        decision=decision,
        left_out=(LeftOut("regular", f"lacks {words}"),),
        changes=(Change("nano", f"with thrift 60 or more {words}", thrift=60),),
        pushes=(Push(f"'{words}'", {"nano": -0.117, "mini": 0.004}),),
        lineup="embedded",
        lineup_hash="abcdef012345",
        models=("nano", "mini", "regular"),
    )
    return msgspec.structs.replace(made, **changed)


def described(**changed: object) -> RouterDescription:
    """Describe a learned router with a certificate."""
    card = load_scorer(family_scorer()).card
    pair = Pair(weak="nano", strong="big", rows=900, apgr=0.7, apgr_low=0.66, apgr_untagged=0.65, apgr_groups=0.63)
    made = RouterDescription(
        lineup="embedded",
        lineup_hash="0123456789ab",
        models=("nano", "mini", "regular"),
        says="auto is decided so.",
        promises="At most 5 %.",
        router={"kind": "learned", "scorer": {"file": "f", "sha256": "0" * 64, "models": {"regular": "big"}}},
        takes_thrift=True,
        scorer="9" * 64,
        card=msgspec.structs.replace(card, pairs=(pair,)),
        certificates=(stands(Standing.LAPSED),),
    )
    return msgspec.structs.replace(made, **changed)


def stands(state: Standing, **changed: object) -> StandingCertificate:
    """Make a certificate that is worth so much now."""
    return StandingCertificate(**msgspec.structs.asdict(certificate(**changed)), state=state)


def test_a_reply_is_drawn_whole() -> None:
    """Chosen and why, facts, every model, rules, what told them apart, and what would lead elsewhere."""
    shown = text_of(draw_reply(reply()))
    for text in (
        "auto would be mini : worth most x.",
        "Nothing was sent. So decides line-up embedded abcdef012345 .",
        "Router learned, scorer 0123456789ab Group maths Thrift 40",
        "Certificate the choice stands under one that holds",
        "nano 61.0 % 48 $0.0000123 0.02 Wh -$0.0004 dominated by mini",
        "mini 83.0 % 52 $0.00002 0.05 Wh $0.0081 chosen",
        "regular lacks x",
        "1 mini x task: x (found x)",
        "'x' −11.7 +0.4",
        "nano would be chosen with thrift 60 or more x",
    ):
        assert text in shown
    assert "Nothing that was tried" in text_of(draw_reply(reply(changes=())))


def test_page_and_receipt_read_alike() -> None:
    """The receipt of a request that was decided so has the same facts and the same table, word for word."""
    asked = draw_reply(reply())
    receipt = draw_receipt(to_receipt([make_attempt(served_model="mini", routed=as_routed(reply()))]), Parties("a", "b"))
    for piece in (r'<dl class="facts decision">.*?</dl>', r'<table class="figures candidates">.*?</table>'):
        found = re.search(piece, asked)
        assert found is not None
        assert found[0] in receipt
    assert 'href="/router"' in receipt


@pytest.mark.parametrize(
    ("on_plan", "said"),
    [
        (OnPlan(plan="plus", floor=None, used_percent=50, served="mini"), "with 50 % of each quota used, mini would answer."),
        (
            OnPlan(plan="plus", floor="nano", used_percent=100, served="nano", downgraded_from="mini", notices=("less",)),
            "On plan plus, which gives nothing below nano, with 100 % of each quota used, nano would answer in place of mini. "
            "The caller would be told: less",
        ),
        (
            OnPlan(plan="free", floor=None, used_percent=100, refused="Used up.", code="quota", retry_after_s=61.0),
            "it would be refused (quota): Used up. It could be tried again in 61 s.",
        ),
    ],
)
def test_what_a_plan_would_make_of_it(on_plan: OnPlan, said: str) -> None:
    """Served, moved down with its notice, or refused with the time to come back."""
    assert said in text_of(draw_reply(reply(on_plan=on_plan)))


def test_a_refusal_is_drawn() -> None:
    """With its words and its code, and the problems of files where those are wrong."""
    shown = text_of(draw_refused(RequestInvalid("no <b>", code="odd")))
    assert "Nothing is chosen: no <b> Code odd ; nothing was sent." in shown
    problem = Problem("a.yaml", 3, "router", "is <wrong>", "mend it")
    assert "a.yaml:3" in text_of(draw_refused(SettingsInvalid([problem])))
    assert "a.yaml:3" in text_of(draw_problems([str(problem)]))


def test_what_decides_is_drawn() -> None:
    """The kind and the sentence; a gateway that serves another line-up, or none, is told."""
    serving = make_status(lineup_hash="0123456789ab")
    head = text_of(draw_head(described(), serving))
    assert "Router learned line-up embedded 0123456789ab auto is decided so." in head
    assert "Not applied." not in head
    assert "Not applied." in text_of(draw_head(described(), make_status(lineup_hash="other")))
    assert "No gateway answers." in text_of(draw_head(described(), None))
    assert "Router none" in text_of(draw_head(described(router=None), serving))


def test_evidence_is_drawn() -> None:
    """Certificates by the line-up's names, with their state; calibration; sources, and how well it ranks."""
    lapsed = stands(Standing.LAPSED, reference="big")
    none = stands(Standing.UNUSED, threshold=None, group="", groups=("", *"abcd"))
    shown = text_of(draw_evidence(described(certificates=(lapsed, none))))
    for text in (
        "At most 5 %.",
        "regular maths ≤ 5 %, 95 % 0.300 2,000 74 4.51 % 46 % 2026-11-20 lapsed",
        "regular pooled: 5 groups ≤ 5 %, 95 % none 2,000 – –",
        "nano all 2,210 55.0 % 0.018 0.190",
        "By slice (2)",
        "made by hand Apache-2.0 (class A) 4",
        "nano → big 900 0.700 0.660 0.650 0.630",
    ):
        assert text in shown


def test_what_is_not_there_is_not_made_up() -> None:
    """Without certificates, measurements or a scorer, the page says so and shows no table of it."""
    card = described().card
    assert card is not None
    bare = msgspec.structs.replace(card, measured=(), pairs=(), notes=(), data=())
    shown = draw_evidence(described(certificates=(), card=bare))
    assert "nothing was calibrated" in text_of(shown)
    assert "Not measured" in text_of(shown)
    assert "<table" not in shown
    learnt_nothing = draw_evidence(described(card=None))
    assert "It has learnt nothing" in learnt_nothing
    assert "Certificates" not in learnt_nothing


@given(words=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_no_word_becomes_an_element(words: str) -> None:
    """Whatever stands in a reason, a signal, a rule, a word of the request or a refusal, the elements stay the same."""
    assert ELEMENTS.findall(draw_reply(reply(words))) == ELEMENTS.findall(draw_reply(reply("x")))
    assert ELEMENTS.findall(draw_refused(RequestInvalid(words))) == ELEMENTS.findall(draw_refused(RequestInvalid("x")))


def test_the_form_is_read() -> None:
    """What is left empty is left unsaid; tags are pairs; a body goes as bytes with its dialect."""
    bare = read_asked({"text": "hi", "kind": None, "customer": "", "used": None, "before": "", "tags": " ", "thrift": None})
    assert (bare.prompt, bare.body, bare.customer, bare.served_before, bare.tags) == ("hi", None, None, None, {})
    body = read_asked({"text": "{}", "kind": "messages", "used": 80, "customer": "acme", "tags": "a=1, b = x=y", "thrift": 7})
    assert (body.prompt, body.body, body.dialect) == (None, b"{}", Dialect.MESSAGES)
    assert (body.tags, body.used_percent, body.thrift) == ({"a": "1", "b": "x=y"}, 80, 7)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"text": 1},
        {"text": "  "},
        {"text": "a", "kind": "klingon"},
        {"text": "a", "tags": "maths"},
        {"text": "a", "tags": "=maths"},
        {"text": "a", "tags": ",".join(f"k{number}=v" for number in range(17))},
        {"text": "a", "thrift": "much"},
    ],
)
def test_a_form_that_cannot_be_meant_so(value: object) -> None:
    """It is refused in words, whatever a browser sends."""
    with pytest.raises(RequestInvalid):
        read_asked(value)


def reported(*audits: Audit, lapses: tuple[Lapse, ...] = ()) -> MisrouteReport:
    """Report on audits, as the control plane does."""
    lineup = AuditedLineup(name="embedded", hash="f" * 12, alarm_above=0.05, share=0.5, scorer="0123456789ab", promised=None)
    watch = Watch(0.05, 0.5)
    for one in audits:
        watch = watch.after(as_audited(one))
    return make_report(lineup, audits, watch, lapses)


def test_misroutes_are_drawn() -> None:
    """Rates with their intervals for all requests and by plan, model and group, and that nothing alarms."""
    found = [audit(number, "under_route" if number < 3 else "undecided" if number < 5 else "fine") for number in range(100)]
    shown = text_of(draw_misroutes(reported(*found)))
    for text in (
        "no alarm There is one where under-routes are above 5 %.",
        "50 % of the requests to auto are answered a second time and compared. So far 100 were, 2.0 % of them undecided",
        "they cost $0.1.",
        "all requests 100 3.1 % ",
        "plan pro 100",
        "model nano 100",
        "group maths 100",
    ):
        assert text in shown
    assert "Alarm:" not in shown


def test_an_alarm_is_drawn() -> None:
    """Where too many decisions are wrong it stands above the rates in words, and so does a certificate that lapsed."""
    lapse = Lapse(
        scorer="0123456789ab",
        reference="regular",
        group="maths",
        at_us=1,
        lineup="f" * 12,
        why="misroutes",
        audits=60,
        found=60,
        above=0.05,
    )
    shown = text_of(draw_misroutes(reported(*(audit(number, "under_route") for number in range(60)), lapses=(lapse,))))
    assert "Alarm: misroutes of all requests: 60 of 60 audits, above 5 %" in shown
    assert "Lapsed: the certificate for regular, maths." in shown
    assert "no alarm" not in shown


def test_no_audit_yet() -> None:
    """Before the first audit there is no rate, and none is made up."""
    shown = draw_misroutes(reported())
    assert "No audit has been made yet." in shown
    assert "<table" not in shown
