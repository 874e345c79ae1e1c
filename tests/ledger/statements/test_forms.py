"""A statement in each of its forms."""

import csv
import io
import re
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from pypdf import PdfReader
from tests.ledger.statements.conftest import DAY_US, HOUR_US, NOV_US, SCHEDULE

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.foundation.ids import CustomerId
from triplepoint.ledger.model import Counts
from triplepoint.ledger.statements import as_pdf
from triplepoint.ledger.statements.model import Burn, Facts, Statement, UsageKey
from triplepoint.ledger.statements.reckon import Party, reckon
from triplepoint.ledger.statements.render import Form, render
from triplepoint.ledger.statements.sheet import money, stretch
from triplepoint.ledger.statements.span import month_at
from triplepoint.plans.entries import Entry, EntryKind
from triplepoint.plans.fees import Revision, Tenure
from triplepoint.plans.model import Assignment
from triplepoint.settings import BillingSettings

WHO = CustomerId("cust_1")
LETTERHEAD = BillingSettings(issuer="Models & Co", address="1 Harbour Street\nLondon", tax="VAT 123", footer="Pay in 14 days.")


def _statement(*, name: str = "Möbius & <Sons>", models: int = 2, uncharged: int = 0, reason: str = "=1+1") -> Statement:
    usage = {
        UsageKey("plus", f"model-{n}"): Counts(requests=1234, charge_usd="1234.5678", uncharged=uncharged)
        for n in range(models)
    }
    at_us = NOV_US + DAY_US
    entry = Entry("mony_1", WHO, EntryKind.CREDIT, Decimal("2.5"), at_us, None, 0, None, reason, None, at_us)
    facts = Facts(
        usage=usage,
        burns=[Burn(UsageKey("plus", "model-0"), "mony_2", "0.1")],
        entries=[entry],
        refunded=[],
        pending=[],
        pending_count=0,
        interrupted=0,
        unreserved=0,
        plans=["abc"],
        prices=["here/m@2026-01-01#1f3a"],
    )
    moves = (Assignment("a1", WHO, "plus", 0, 0), Assignment("a2", WHO, "free", NOV_US + 20 * DAY_US, 0))
    party = Party(WHO, name, Tenure(0, "Europe/Paris", moves))
    revisions = (Revision(0, "f" * 64, SCHEDULE),)
    return reckon(party, month_at("Europe/Paris", NOV_US + DAY_US), facts, revisions=revisions, now_us=NOV_US + 90 * DAY_US)


def _written(form: Form, statement: Statement | None = None, billing: BillingSettings = LETTERHEAD) -> str:
    return render(statement or _statement(), form, billing=billing, folder=Path()).decode()


def _pages(statement: Statement, billing: BillingSettings = LETTERHEAD, folder: Path = Path()) -> list[str]:
    data = render(statement, Form.PDF, billing=billing, folder=folder)
    return [page.extract_text() for page in PdfReader(io.BytesIO(data)).pages]


def test_json_is_the_statement() -> None:
    """What is written is read back equal."""
    assert msgspec.json.decode(_written(Form.JSON), type=Statement) == _statement()


def test_text_says_everything_in_columns() -> None:
    """Letterhead, lines, sums and footer; numbers are grouped and end below each other."""
    lines = _written(Form.TEXT).splitlines()
    assert lines[:3] == ["Models & Co", "1 Harbour Street", "London"]
    (first, second) = (line for line in lines if "1,234.57" in line and "model-" in line)
    assert len(first) == len(second)
    assert lines[-2:] == ["Pay in 14 days.", BillingSettings().currency_note]
    due = next(line for line in lines if line.startswith("Total due"))
    assert due.endswith(money(_statement().totals.due_usd))


def test_text_obeys_no_control_characters() -> None:
    """A name that would clear the terminal is shown and not obeyed."""
    assert "\x1b" not in _written(Form.TEXT, _statement(name="\x1b[2J", reason="\x1b[2J"))


def test_csv_has_a_row_for_each_line_and_the_total() -> None:
    """Amounts exact and rounded; what somebody wrote is no formula to a spreadsheet."""
    made = _statement(uncharged=3)
    rows = list(csv.DictReader(io.StringIO(_written(Form.CSV, made))))
    assert [row["kind"] for row in rows] == ["fee", "fee", "usage", "usage", "credit_burnt", "credit", "total"]
    assert {row["statement_id"] for row in rows} == {made.id}
    assert (rows[2]["requests"], rows[2]["exact_usd"], rows[2]["amount_usd"], rows[2]["uncharged"]) == (
        "1234",
        "1234.5678",
        "1234.57",
        "3",
    )
    assert (rows[5]["reason"], rows[5]["amount_usd"], rows[5]["since"][:10]) == ("'=1+1", "-2.50", "2026-11-02")
    assert (rows[-1]["amount_usd"], rows[-1]["uncharged"]) == (made.totals.due_usd, "6")


def test_html_is_whole_and_harmless() -> None:
    """One page without scripts or anything from elsewhere, and names are text."""
    page = _written(Form.HTML)
    assert "Möbius &amp; &lt;Sons&gt;" in page
    assert not re.search(r"<script|https?://|url\(|@import|src=", page)
    assert page.count("<section>") == 5
    assert "@page { size: A4" in page


def test_what_is_unknown_cannot_be_overlooked() -> None:
    """In every form for people the head says that the sum is not all of it."""
    made = _statement(uncharged=1)
    for text in (_written(Form.TEXT, made), _written(Form.HTML, made), "\n".join(_pages(made))):
        assert "Not complete" in text
        assert "at least" in text
        assert "2 attempts have an unknown charge" in text
    assert "Not complete" not in _written(Form.TEXT)


def test_pdf_says_the_same() -> None:
    """Every figure of the sheet is on the page, and the same statement gives the same file."""
    made = _statement()
    page = "\n".join(_pages(made))
    for expected in ("Möbius & <Sons>", "Models & Co", "VAT 123", "1,234.57", "model-1", "Pay in 14 days.", made.id, "–2.50"):
        assert expected in page
    assert render(made, Form.PDF, billing=LETTERHEAD, folder=Path()) == render(
        made, Form.PDF, billing=LETTERHEAD, folder=Path()
    )


def test_a_long_pdf_repeats_its_heads_and_numbers_its_pages() -> None:
    """A table that goes on over pages has its head on each, and pages say which they are."""
    pages = _pages(_statement(models=120))
    assert len(pages) > 2
    assert all("Requests" in page for page in pages[:2])
    assert [page.strip().splitlines()[-1] for page in pages] == [f"{n} / {len(pages)}" for n in range(1, len(pages) + 1)]
    assert sum(page.count("model-") for page in pages) == 120 + 1


def test_letters_beyond_the_own_fonts_need_a_font(tmp_path: Path) -> None:
    """Without one, the message says what to do; with one that is none, too."""
    made = _statement(name="株式会社")
    with pytest.raises(RequestInvalid, match=r"billing\.font"):
        _pages(made)
    with pytest.raises(RequestInvalid, match=r"billing\.font"):
        _pages(made, BillingSettings(font="nowhere.ttf"), tmp_path)


def test_pdf_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the extra, and a way without it."""

    def find_nothing(name: str) -> None:
        assert name == "fpdf"

    monkeypatch.setattr(as_pdf, "find_spec", find_nothing)
    with pytest.raises(RequestInvalid, match=r"triplepoint\[pdf\]") as refused:
        _pages(_statement())
    assert refused.value.code == "pdf_missing"


@pytest.mark.parametrize(("amount", "text"), [("0.00", "0.00"), ("-1234567.80", "−1,234,567.80"), (None, "unknown")])
def test_money_is_grouped(amount: str | None, text: str) -> None:
    """Groups of three and a true minus."""
    assert money(amount) == text


def test_stretches_name_their_last_day() -> None:
    """Whole days end with the day that is in them, others with a time."""
    assert stretch(NOV_US, NOV_US + 30 * DAY_US, "UTC") == "1 Nov 2026 – 30 Nov 2026"
    assert stretch(NOV_US + HOUR_US, NOV_US + 2 * HOUR_US, "UTC") == "1 Nov 2026 01:00 – 1 Nov 2026 02:00"
