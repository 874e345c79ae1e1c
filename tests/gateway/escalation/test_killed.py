"""Killed between the two answers: what was finished stays finished, what was under way is interrupted, and sums are exact."""

import json
import signal
from decimal import Decimal
from pathlib import Path

import pytest
from tests.gateway.conftest import running_simulations
from tests.gateway.escalation.family import STRONG, WRONG, answers, asked, family
from tests.gateway.raw import call, request
from tests.gateway.speaking import until

from triplepoint.ledger.drain import drain
from triplepoint.ledger.model import Outcome
from triplepoint.ledger.receipts import to_receipt
from triplepoint.ledger.rollups import By


@pytest.mark.parametrize("is_stream", [True, False])
async def test_a_kill_in_the_middle_leaves_two_rows(tmp_path: Path, is_stream: bool) -> None:
    """The cheap attempt with what it cost, the stronger one with its estimated input; the receipt adds up."""
    with family(tmp_path) as running:
        slow = answers(STRONG, pace={"first_token": "5s"})
        async with running_simulations(running, a=answers(WRONG), c=slow) as servers, call(running) as caller:
            body = asked(stream=is_stream, triplepoint={"escalate": "wait"})
            await caller.send(request(running, json.dumps(body).encode()))
            await until(lambda: bool(servers["c"].seen))
            running.process.send_signal(signal.SIGKILL)
            running.process.wait()
        with running.installation() as installation:
            drain(installation.data, installation.ledger, wait_s=5)
            rows = sorted(installation.ledger.iterate(), key=lambda row: row.attempt)
            (total,) = installation.ledger.sum(by=By.CUSTOMER)
    first, second = rows
    assert (first.attempt, first.served_model, first.outcome) == (1, "mini", Outcome.FINISHED)
    assert (second.attempt, second.served_model, second.outcome) == (2, "thinking", Outcome.INTERRUPTED)
    assert (first.escalated_from, second.escalated_from) == (None, "mini")
    assert first.receipt_id == second.receipt_id
    assert first.cost_usd is not None
    assert second.cost_usd is not None
    paid = Decimal(first.cost_usd) + Decimal(second.cost_usd)
    assert Decimal(to_receipt(rows).cost_usd or "nan") == Decimal(total.cost_usd) == paid
    assert (total.requests, total.attempts, total.escalated) == (1, 2, 1)
