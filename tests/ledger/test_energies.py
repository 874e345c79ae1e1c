import json
from collections.abc import Callable

import msgspec
import pytest

from triplepoint.ledger.energies import add_energies, carbon_text, energy_text, short_text
from triplepoint.ledger.model import AttemptRow, Closed, Opened
from triplepoint.ledger.receipts import join, public_receipt, to_receipt


@pytest.fixture
def metered(opened: Callable[..., Opened], closed: Callable[..., Closed]) -> Callable[..., AttemptRow]:
    """Give the maker of rows with energy."""

    def make(attempt: int = 1, grade: str | None = "tabled", wh: str | None = "0.2") -> AttemptRow:
        amounts = {"energy_low_wh": "0.1", "energy_high_wh": "0.4", "carbon_g": "0.09", "carbon_low_g": "0.01"}
        return msgspec.structs.replace(
            join(opened(1, attempt), closed(1, attempt)), energy_wh=wh, energy_grade=grade, carbon_high_g="0.3", **amounts
        )

    return make


def test_attempts_add_up_and_the_least_known_grade_stands(metered: Callable[..., AttemptRow]) -> None:
    """Sums are exact, and one modelled attempt makes the whole modelled."""
    added = add_energies([metered(), metered(2, "modelled", "0.123456"), metered(3, "measured")])
    assert added is not None
    assert (added.wh, added.low_wh, added.high_wh, added.grade) == ("0.523456", "0.3", "1.2", "modelled")
    assert (added.g, added.low_g, added.high_g) == ("0.27", "0.03", "0.9")


def test_one_unknown_attempt_makes_the_sum_unknown(metered: Callable[..., AttemptRow]) -> None:
    """Unknown is never zero, and a grade that nobody knows is none."""
    assert add_energies([metered(), metered(2, None, None)]) is None
    assert add_energies([metered(1, "guessed")]) is None


def test_the_customer_sees_energy_and_carbon(metered: Callable[..., AttemptRow]) -> None:
    """The public receipt has both, with interval and grade, for the whole and for each attempt; null where unknown."""
    shown = json.loads(msgspec.json.encode(public_receipt(to_receipt([metered(), metered(2)]))))
    assert shown["energy"] == {"wh": "0.4", "low_wh": "0.2", "high_wh": "0.8", "grade": "tabled"}
    assert shown["carbon"] == {"g": "0.18", "low_g": "0.02", "high_g": "0.6"}
    assert shown["attempts"][1]["energy"]["wh"] == "0.2"
    unknown = public_receipt(to_receipt([metered(1, None, None)]))
    assert (unknown["energy"], unknown["carbon"]) == (None, None)


def test_people_read_three_digits(metered: Callable[..., AttemptRow]) -> None:
    """Amounts for people are short, and never in powers of ten."""
    added = add_energies([metered(1, "tabled", "0.201234")])
    assert added is not None
    assert energy_text(added) == "0.201 Wh (0.1 to 0.4), tabled"
    assert carbon_text(added) == "0.09 gCO₂e (0.01 to 0.3)"
    assert [short_text(text) for text in ("0", "1234567", "0.0000123456")] == ["0", "1230000", "0.0000123"]
