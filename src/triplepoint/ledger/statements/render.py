"""A statement in each of its forms."""

from enum import StrEnum
from pathlib import Path
from typing import assert_never

import msgspec

from triplepoint.ledger.statements.as_csv import to_csv
from triplepoint.ledger.statements.as_html import to_html
from triplepoint.ledger.statements.as_pdf import to_pdf
from triplepoint.ledger.statements.as_text import to_text
from triplepoint.ledger.statements.model import Statement
from triplepoint.ledger.statements.sheet import lay_out
from triplepoint.settings import BillingSettings


class Form(StrEnum):
    """What a statement is written as."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    HTML = "html"
    PDF = "pdf"


MEDIA_TYPES = {
    Form.TEXT: "text/plain; charset=utf-8",
    Form.JSON: "application/json",
    Form.CSV: "text/csv; charset=utf-8",
    Form.HTML: "text/html; charset=utf-8",
    Form.PDF: "application/pdf",
}


def render(statement: Statement, form: Form, *, billing: BillingSettings, folder: Path) -> bytes:
    """Write a statement.

    Args:
        statement: What it says.
        form: What as.
        billing: Letterhead.
        folder: Where paths of settings begin.
    Raises: RequestInvalid: PDF without fpdf2, or with letters that its font lacks.
    """
    match form:
        case Form.JSON:
            return msgspec.json.format(msgspec.json.encode(statement), indent=2) + b"\n"
        case Form.CSV:
            return to_csv(statement).encode()
        case Form.TEXT:
            return to_text(lay_out(statement, billing)).encode()
        case Form.HTML:
            return to_html(lay_out(statement, billing)).encode()
        case Form.PDF:
            font = None if billing.font is None else folder / billing.font
            return to_pdf(lay_out(statement, billing), font=font, dated_us=statement.end_us)
        case _:
            assert_never(form)
