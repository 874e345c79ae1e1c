"""Receipts and line-ups as HTML."""

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st
from tests.console.attempts import make_attempt, make_status

from triplepoint.console.lineup import draw_lineup, read_described
from triplepoint.console.receipt import Parties, draw_missing, draw_receipt
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.model import AttemptRow, Outcome
from triplepoint.ledger.receipts import to_receipt
from triplepoint.ledger.routed import Candidate, Routed

PARTIES = Parties("acme (cust_1)", "website, tp-Ab3x")
DESCRIBED: dict[str, object] = {
    "lineup": "autumn",
    "hash": "0123456789ab",
    "digest": "0123456789ab" + "0" * 52,
    "models": {
        "small": {
            "upstreams": [
                {"upstream": "here", "model": "s.gguf", "price": "here/s", "tools_by_schema": True},
                {"upstream": "there", "model": "s", "price": "there/s"},
            ],
            "context_tokens": 4096,
            "max_output_tokens": 1024,
            "capabilities": ["chat", "json"],
            "about": "quick <b>",
        }
    },
    "prices": {"here/s": "here/s@2026-01-01#1f3a"},
    "rates": {
        "here/s": {
            "input_usd_per_mtok": "0.0406",
            "output_usd_per_mtok": "0.0722",
            "tiers": [{"above_input_tokens": 200000, "input_usd_per_mtok": "1"}],
            "excludes": ["web searches"],
        }
    },
}


def text_of(markup: str) -> str:
    """Return what a browser would show."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", markup)))


def decided(words: str) -> Routed:
    """Make a decision of a rules router that took a signal from a caller's tag."""
    return Routed("rules", candidates=(Candidate("nano", why_not=words),), signals={"task": words})


def draw(*rows: AttemptRow) -> str:
    """Draw the receipt of some attempts, as text."""
    return text_of(draw_receipt(to_receipt(rows), PARTIES))


def test_a_receipt_adds_its_attempts_up() -> None:
    """Each attempt has its own price and the receipt their exact sum; one unknown price makes the sum unknown."""
    first = make_attempt(outcome=Outcome.FAILED, error="upstream_timeout", cost_usd="0.00001")
    second = make_attempt(attempt=2, cost_usd="0.0000000001", decision="fallback: here timed out")
    shown = draw(first, second)
    for text in ("$0.0000100001", "$0.00001", "$0.0000000001", "2 attempts", "fallback: here timed out", "upstream_timeout"):
        assert text in shown
    assert "unknown" in draw(first, make_attempt(attempt=2, cost_usd=None))


def test_a_receipt_says_what_the_customer_pays() -> None:
    """On a plan it has the plan, the charge beside the price, and the model it was moved down from; without, none of them."""
    one = make_attempt(plan="plus", charge_usd="0.25", burnt={"mony_1": "0.25"}, downgraded_from="regular", cost_usd="0.1")
    shown = draw(one)
    for text in ("Plan plus", "Charge $0.25, from credit", "Moved down from regular", "$0.1"):
        assert text in shown
    assert "from credit" not in draw(make_attempt(plan="plus", charge_usd="0.25"))
    assert "Charge" not in draw(make_attempt(charge_usd="0.25"))


def test_a_receipt_says_what_it_took() -> None:
    """Energy and carbon are shown with interval and grade, of the whole and of each of several attempts."""
    energy = {"energy_wh": "0.201234", "energy_low_wh": "0.1", "energy_high_wh": "0.4", "energy_grade": "tabled"}
    carbon = {"carbon_g": "0.09", "carbon_low_g": "0.01", "carbon_high_g": "0.3"}
    one = make_attempt(**energy, **carbon)
    assert "0.201 Wh (0.1 to 0.4), tabled" in draw(one)
    assert "0.09 gCO₂e (0.01 to 0.3)" in draw(one)
    both = draw(one, make_attempt(attempt=2, **energy, **carbon))
    assert "0.402 Wh (0.2 to 0.8), tabled" in both
    assert both.count("0.201 Wh") == 2
    assert "Energy unknown" in draw(make_attempt())


def test_a_receipt_says_how_it_was_decided() -> None:
    """Who decided and by what, each model with its numbers and what spoke against it; nothing of it for a model by name."""
    routed = Routed(
        "learned",
        scorer="0123456789ab",
        group="maths",
        thrift=40,
        propensity=0.0125,
        explored=True,
        candidates=(
            Candidate("nano", 0.612, 48.4, 0.0000123, 0.02, None, -0.0004, "dominated by mini", is_allowed=False),
            Candidate("mini", 0.83, 52.0, 0.00002, 0.05, None, 0.0081),
            Candidate("large", why_not="lacks images", is_allowed=False),
        ),
        signals={"input_tokens": 1412, "maths": True, "language": "zh"},
    )
    shown = draw(make_attempt(served_model="mini", routed=routed))
    for text in (
        "How it was decided Router learned, scorer 0123456789ab Group maths Thrift 40",
        "Chance explored: chosen by chance; this model has probability 0.0125 Certificate none that holds",
        "Signals input_tokens 1,412, maths, language zh",
        "Model Good Tokens Cost Energy Worth Why",
        "nano 61.2 % 48 $0.0000123 0.02 Wh -$0.0004 dominated by mini",
        "mini 83.0 % 52 $0.00002 0.05 Wh $0.0081 chosen",
        "lacks images",
    ):
        assert text in shown
    assert "How it was decided" not in draw(make_attempt())


def test_a_running_receipt_claims_no_price() -> None:
    """While an attempt runs there are no counts, no price and no energy, and nothing reads as zero."""
    shown = draw(make_attempt(outcome=None, cost_usd=None, usage=Usage(), total_us=None, first_byte_us=None))
    assert "not settled yet" in shown
    assert "$0" not in shown
    assert "Tokens" not in shown
    assert "Energy" not in shown


def test_counts_say_their_parts_and_their_source() -> None:
    """Cached and reasoning tokens stand below what they are part of, with who counted."""
    usage = Usage(
        input_tokens=1204,
        output_tokens=310,
        cache_read_tokens=1024,
        reasoning_tokens=120,
        source=UsageSource.ESTIMATED,
        tokenizer="o200k_base",
    )
    shown = draw(make_attempt(usage=usage))
    assert re.search(r"with o200k_base .*Input 1,204 read from cache 1,024 Output 310 reasoning 120", shown)


@given(words=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_no_word_of_a_caller_becomes_an_element(words: str) -> None:
    """Whatever stands in a model's name, a tag, a notice or a conversation, the elements of the page stay the same."""
    plain = make_attempt(
        asked_model="x", tags={"x": "x"}, notices=["x"], conversation="x", decision="x", finish_reason="x", routed=decided("x")
    )
    said = make_attempt(
        asked_model=words,
        tags={words: words},
        notices=[words],
        conversation=words,
        decision=words,
        finish_reason=words,
        routed=decided(words),
    )
    elements = re.compile(r"<[^>]*>")
    assert elements.findall(draw_receipt(to_receipt([said]), PARTIES)) == elements.findall(
        draw_receipt(to_receipt([plain]), PARTIES)
    )
    assert elements.findall(draw_missing(words)) == elements.findall(draw_missing("x"))


def test_a_lineup_is_drawn_with_what_it_lacks() -> None:
    """Rates, fallbacks, tiers and what is charged beside are shown; a missing price is called unpriced, never 0."""
    shown = text_of(draw_lineup(read_described(DESCRIBED), make_status(lineup_hash="0123456789ab")))
    for text in (
        "autumn",
        "0.0406",
        "there fallback",
        "there/s: unpriced",
        "above 200,000 input tokens",
        "without web searches",
    ):
        assert text in shown
    assert "quick <b>" in shown
    assert "the name auto is unknown" in shown
    assert "Not applied" not in shown


def test_a_lineup_that_is_not_served_says_so() -> None:
    """Where the gateway serves another line-up than the files say, or none runs, the page tells it first; warnings follow."""
    described = read_described({**DESCRIBED, "warnings": ["prices/x.yaml:3: old"]})
    other = text_of(draw_lineup(described, make_status(lineup="summer", lineup_hash="ffff")))
    assert "Not applied. The gateway still serves summer ffff" in other
    assert "prices/x.yaml:3: old" in other
    assert "No gateway answers." in text_of(draw_lineup(described, None))


def test_a_router_reads_as_sentences() -> None:
    """Rules say when they hold, what they choose and why; a fixed router says that it is always the same."""
    rules = [
        {"when": {"min_input_tokens": 1200, "code": False}, "use": "large", "why": "long"},
        {"when": {"tools": True}, "use": "large", "why": "tools"},
    ]
    described = read_described({**DESCRIBED, "router": {"kind": "rules", "rules": rules, "default": "small"}})
    shown = text_of(draw_lineup(described, None))
    assert "large at least 1,200 input tokens and no code long" in shown
    assert "Otherwise small" in shown
    fixed = read_described({**DESCRIBED, "router": {"kind": "fixed", "default": "small"}})
    assert "Always small" in text_of(draw_lineup(fixed, None))


def test_a_router_that_learnt_reads_as_sentences() -> None:
    """It says how it chooses, by which file, and what becomes of a request that it can say nothing of."""
    learnt = {"default": "small", "scorer": {"file": "routers/family.safetensors", "sha256": "ab" * 32}}
    weighing = read_described({**DESCRIBED, "router": {"kind": "learned", "thrift": 40, **learnt}})
    shown = text_of(draw_lineup(weighing, None))
    assert "worth most after what it takes, at thrift 40." in shown
    assert "By routers/family.safetensors ; a request unlike all that it has learnt goes to small ." in shown
    pair = {"kind": "threshold", "weak": "small", "strong": "large", "threshold": 0.2, **learnt}
    shown = text_of(draw_lineup(read_described({**DESCRIBED, "router": pair}), None))
    assert "auto is large where small would give a bad answer and it a good one" in shown
    assert "with a probability of 0.2 or more, else small ." in shown
