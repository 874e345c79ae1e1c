"""Training rows from audits and ratings, in the layout that offline evaluation reads."""

import json
from pathlib import Path

from tests.routing.audits.found import NOON_US, audit

from triplepoint.ledger.audits.model import Answered, Feedback
from triplepoint.ledger.routed import Routed
from triplepoint.routing.audits.labels import label_rows
from triplepoint.routing.evaluation.datasets import read_data
from triplepoint.routing.feedback import MOST_A_DAY

DECISIONS = {"rcpt_000001": Routed(policy="learned", group="maths", signals={"maths": True, "input_tokens": 40})}
ANSWERS = [
    Answered("rcpt_000001", "nano", 20, "0.00001"),
    Answered("rcpt_000001", "regular", 40, "0.0004"),
    Answered("rcpt_000002", "nano", None, None),
]


def _rating(number: int, customer: str = "cust_1", score: float = 0.0) -> Feedback:
    return Feedback(
        rating_id=f"rate_{number}",
        receipt_id=f"rcpt_{number:06d}",
        asked_us=NOON_US + number,
        at_us=NOON_US + number + 1,
        customer_id=customer,
        key_id="key_1",
        plan="plus",
        model="nano",
        lineup="f" * 12,
        score=score,
        label="wrong",
    )


def test_an_audit_is_a_row_with_two_models() -> None:
    """With the signals of its decision, and lengths and costs where the ledger has them; nothing of what was undecided."""
    audits = [audit(1, "under_route"), audit(2, "undecided"), audit(3)]
    rows = list(label_rows(audits, [], decisions=DECISIONS, answers=ANSWERS))
    assert rows[0] == {
        "receipt_id": "rcpt_000001",
        "prompt": "",
        "group": "maths",
        "signals": {"maths": True, "input_tokens": 40},
        "score:nano": 0.0,
        "output_tokens:nano": 20,
        "cost:nano": 0.00001,
        "score:regular": 1.0,
        "output_tokens:regular": 40,
        "cost:regular": 0.0004,
        "source": "audit",
        "scored_by": "final",
        "plan": "pro",
        "share": 0.5,
        "weight": 1.0,
    }
    assert [row["receipt_id"] for row in rows] == ["rcpt_000001", "rcpt_000003"]
    assert rows[1]["signals"] is None


def test_ratings_of_one_customer_weigh_together_as_one() -> None:
    """However many there are in a day; beyond the cap they are left out."""
    ratings = [_rating(number) for number in range(10, 10 + MOST_A_DAY + 5)] + [_rating(1, "cust_2", 1.0)]
    rows = list(label_rows([], ratings, decisions=DECISIONS, answers=ANSWERS))
    mine = [row for row in rows if row["receipt_id"] != "rcpt_000001"]
    (other,) = [row for row in rows if row["receipt_id"] == "rcpt_000001"]
    assert len(mine) == MOST_A_DAY
    assert abs(sum(row["weight"] for row in mine) - 1.0) < 1e-9
    assert (other["group"], other["score:nano"], other["weight"], other["source"]) == ("maths", 1.0, 1.0, "feedback")


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    """The offline evaluation takes the file as it is."""
    path = tmp_path / "labels.jsonl"
    rows = label_rows([audit(n, ("fine", "under_route")[n % 2]) for n in range(10)], [], decisions=DECISIONS, answers=ANSWERS)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = read_data(path)
    assert set(data.models) == {"nano", "regular"}
    assert len(data) == 10
    assert data.groups == ["maths"] * 10
