"""Receipts: what is joined, added up, shown, and hidden."""

import datetime
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.foundation.errors import StoreFault
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.model import Closed, Opened, Outcome
from triplepoint.ledger.receipts import interrupt, join, moment_text, one_line, public_receipt, to_receipt, total_usd

MakeOpened = Callable[..., Opened]
MakeClosed = Callable[..., Closed]
COSTS = st.decimals(min_value=0, max_value=10**6, allow_nan=False, allow_infinity=False, places=15)


def test_a_receipt_is_its_attempts_and_their_sum(opened: MakeOpened, closed: MakeClosed) -> None:
    """The last attempt says what served, the first what was asked; costs add up exactly, in whatever order rows come."""
    first = join(opened(1), closed(1, outcome=Outcome.FAILED, status=503, cost_usd="0.1"))
    second = join(opened(1, 2, served_model="nano", decision="fallback: breaker open"), closed(1, 2, cost_usd="0.2"))
    receipt = to_receipt([second, first])
    assert receipt.attempts == [first, second]
    assert (receipt.asked_model, receipt.served_model, receipt.outcome) == ("auto", "nano", Outcome.FINISHED)
    assert (receipt.created_us, receipt.decision, receipt.cost_usd) == (first.opened_us, "fallback: breaker open", "0.3")


@pytest.mark.parametrize(
    ("outcome", "served", "said"),
    [(Outcome.FINISHED, "thinking", Outcome.FINISHED), (Outcome.CANCELLED, "thinking", Outcome.CANCELLED),
     (Outcome.FAILED, "mini", Outcome.FINISHED)],
)  # fmt: skip
def test_the_attempt_whose_answer_was_given_says_what_served(
    opened: MakeOpened, closed: MakeClosed, outcome: Outcome, served: str, said: Outcome
) -> None:
    """The stronger model where a request was escalated; the cheap one where that failed, whose answer was given after all."""
    cheap = join(opened(1, served_model="mini", decision="default"), closed(1, cost_usd="0.1"))
    strong = join(
        opened(1, 2, served_model="thinking", decision="escalated from mini: it was empty", escalated_from="mini"),
        closed(1, 2, outcome=outcome, cost_usd="0.2"),
    )
    receipt = to_receipt([strong, cheap])
    assert (receipt.served_model, receipt.outcome, receipt.cost_usd) == (served, said, "0.3")
    shown: Any = public_receipt(receipt)["attempts"]
    assert [one["escalated_from"] for one in shown] == [None, "mini"]


def test_a_receipt_needs_an_attempt() -> None:
    """Nothing is not a receipt."""
    with pytest.raises(StoreFault):
        to_receipt([])


@given(costs=st.lists(COSTS, max_size=20))
def test_costs_add_up_exactly(costs: list[Decimal]) -> None:
    """The sum is that of exact decimals, and one unknown makes it unknown."""
    texts = [str(cost) for cost in costs]
    total = total_usd(texts)
    assert total is not None
    assert Decimal(total) == sum(costs, Decimal(0))
    assert total_usd([*texts, None]) is None


def test_an_interruption_is_charged_its_estimated_input(opened: MakeOpened) -> None:
    """The stated rule: input as estimated, at the price in force, no output; without a price the cost is unknown."""
    running = join(opened(1), None)
    assert (running.outcome, running.cost_usd, running.usage) == (None, None, Usage())
    row = interrupt(running, input_estimate=1_000, input_usd_per_mtok="2.5")
    assert (row.outcome, row.cost_usd) == (Outcome.INTERRUPTED, "0.0025")
    assert row.usage == Usage(input_tokens=1_000, output_tokens=None, source=UsageSource.INTERRUPTED)
    assert interrupt(running, input_estimate=1_000, input_usd_per_mtok="").cost_usd is None
    assert interrupt(running, input_estimate=1_000, input_usd_per_mtok="0").cost_usd == "0"


def test_the_customer_sees_its_receipt(opened: MakeOpened, closed: MakeClosed) -> None:
    """The public receipt is JSON with exact text for money, null for the unknown, and no name of the model at the upstream."""
    failed = closed(
        1, outcome=Outcome.FAILED, status=0, error="connect_timeout", usage=Usage(), cost_usd=None, first_byte_us=None
    )
    rows = [join(opened(1), failed), join(opened(1, 2), closed(1, 2))]
    shown = json.loads(msgspec.json.encode(public_receipt(to_receipt(rows))))
    assert shown["created_at"] == "2026-01-09T12:00:01.000000Z"
    assert (shown["model"], shown["served_model"], shown["outcome"], shown["cost_usd"]) == ("auto", "regular", "finished", None)
    first, second = shown["attempts"]
    assert (first["error"], first["status"], first["usage"]["input_tokens"]) == ("connect_timeout", None, None)
    assert (second["cost_usd"], second["first_byte_ms"], second["total_ms"]) == ("0.000000002", 120.0, 840.0)
    assert second["usage"]["cache_read_tokens"] == 7
    assert "m.gguf" not in json.dumps(shown)


def test_a_line_says_it_all(opened: MakeOpened, closed: MakeClosed) -> None:
    """The terminal's line has time, models, reason, tokens, price, duration and id."""
    line = one_line(join(opened(1), closed(1, cost_usd="0.000123")), zone=datetime.UTC)
    assert line.split() == (
        "12:00:01 auto → regular rule: holds code 412+48 tok $0.000123 0.84 s rcpt_000001".split()  # noqa: SIM905 - as it reads
    )


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"outcome": Outcome.CUT, "error": "connection_lost"}, "✗ cut connection_lost"),
        ({"outcome": Outcome.FAILED, "status": 503}, "✗ failed 503"),
        ({"outcome": Outcome.CANCELLED}, "✗ cancelled 200"),
        ({"usage": Usage(input_tokens=3, source=UsageSource.ESTIMATED), "cost_usd": None}, "~3+? tok            $?"),
    ],
)
def test_a_line_marks_what_is_not_whole(
    opened: MakeOpened, closed: MakeClosed, changed: dict[str, object], expected: str
) -> None:
    """What did not finish says how it ended, an estimate has its tilde, the unknown its question mark."""
    assert expected in one_line(join(opened(1), closed(1, **changed)))


def test_a_running_attempt_says_so(opened: MakeOpened) -> None:
    """While it runs, nothing is known of it, and a second attempt names its number once it has ended."""
    line = one_line(join(opened(1, 2), None))
    assert line.endswith("running")
    assert "?+? tok" in line


def test_a_line_does_not_command_the_terminal(opened: MakeOpened, closed: MakeClosed) -> None:
    """A name with escape sequences or line ends in it cannot clear a screen or forge a line."""
    line = one_line(join(opened(1, asked_model="\x1b[2J\r\nauto"), closed(1)))
    assert line.isprintable()
    assert "�[2J��auto" in line


def test_moments_keep_their_microseconds() -> None:
    """A moment is written to the microsecond, never through a float."""
    assert moment_text(1_767_960_000_000_001) == "2026-01-09T12:00:00.000001Z"
    assert moment_text(0) == "1970-01-01T00:00:00.000000Z"
