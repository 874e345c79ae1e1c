"""A statement as PDF, A4; needs the extra ``pdf`` (fpdf2, pure Python)."""

from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.ledger.statements.sheet import Section, Sheet

if TYPE_CHECKING:
    from fpdf import FPDF

_MARGIN_MM, _WIDTH_MM, _FOOT_MM = 17.0, 176.0, 18.0
_INK, _MUTED, _LINE = (23, 33, 30), (82, 97, 91), (217, 224, 220)
_WARN, _WARN_GROUND, _WARN_EDGE = (122, 79, 0), (251, 242, 220), (181, 101, 29)
_ENCODING = "windows-1252"
"""What the fonts that every reader of PDF has can write."""
_FONT = "statement"


def to_pdf(sheet: Sheet, *, font: Path | None, dated_us: int) -> bytes:
    """Write a statement as PDF; the same sheet gives the same bytes.

    Args:
        sheet: What it says.
        font: TrueType font; None: Helvetica, which has western European letters only.
        dated_us: Date in the file's own description.
    Raises: RequestInvalid: fpdf2 is not there, the font is not, or it is needed.
    """
    if find_spec("fpdf") is None:
        raise RequestInvalid(
            "PDF needs fpdf2: pip install 'triplepoint[pdf]'; or take --format html and print it", code="pdf_missing"
        )
    return _Page(sheet, font, dated_us).draw()


class _Page:
    def __init__(self, sheet: Sheet, font: Path | None, dated_us: int) -> None:
        self._sheet = sheet
        self._is_core = font is None
        self._pdf = _open(font, dated_us)
        self._family = "helvetica" if font is None else _FONT
        self._pdf.set_title(self._text(f"{sheet.title} for {sheet.customer}"))
        self._pdf.set_author(self._text(sheet.issuer))

    def draw(self) -> bytes:
        """Draw everything."""
        self._head()
        self._banner()
        for section in self._sheet.sections:
            self._section(section)
        self._totals()
        self._notes()
        self._small()
        self._footer()
        self._number_pages()
        return bytes(self._pdf.output())

    def _head(self) -> None:
        pdf, sheet = self._pdf, self._sheet
        top = pdf.get_y()
        self._write(sheet.title, size=20, is_bold=True, height=9, width=100)
        self._write(sheet.customer, size=12, height=6, width=100)
        left_end = pdf.get_y()
        pdf.set_y(top)
        for number, line in enumerate([sheet.issuer, *sheet.address]):
            is_name = number == 0
            size, colour = (12, _INK) if is_name else (9, _MUTED)
            pdf.set_x(_MARGIN_MM + 106)
            self._write(line, size=size, is_bold=is_name, height=6 if is_name else 4.6, width=70, align="R", colour=colour)
        pdf.set_y(max(left_end, pdf.get_y()) + 8)
        self._pairs(sheet.facts, size=9, name_mm=26, height=4.8)
        self._due(pdf.get_y())
        pdf.ln(5)

    def _due(self, bottom: float) -> None:
        """Write what is due beside the facts, so that it is seen first."""
        name, amount = self._sheet.totals[-1]
        left = _MARGIN_MM + _WIDTH_MM - 60
        self._pdf.set_xy(left, bottom - 13)
        self._write(name, size=9, height=4.8, width=60, align="R", colour=_MUTED)
        self._pdf.set_x(left)
        self._write(amount, size=18, height=8, width=60, align="R", is_bold=True)
        self._pdf.set_y(bottom)

    def _banner(self) -> None:
        if self._sheet.banner is None:
            return
        pdf = self._pdf
        top = pdf.get_y()
        pdf.set_fill_color(*_WARN_GROUND)
        pdf.rect(_MARGIN_MM, top, _WIDTH_MM, 9, style="F")
        pdf.set_fill_color(*_WARN_EDGE)
        pdf.rect(_MARGIN_MM, top, 1, 9, style="F")
        pdf.set_xy(_MARGIN_MM + 4, top + 2)
        self._write(self._sheet.banner, size=9.5, height=5, width=_WIDTH_MM - 6, colour=_WARN)
        pdf.set_y(top + 14)

    def _section(self, section: Section) -> None:
        pdf = self._pdf
        if pdf.will_page_break(26):  # a heading never stands alone at the foot of a page
            pdf.add_page()
        self._write(section.title, size=10.5, is_bold=True, height=6)
        widths = self._widths(section)
        self._table_head(section, widths)
        for row in section.rows:
            self._row(section, row, widths)
        if section.sum is not None:
            pdf.set_x(_MARGIN_MM)
            self._write(section.sum, size=9, is_bold=True, height=6, width=_WIDTH_MM, align="R")
        pdf.ln(5)

    def _widths(self, section: Section) -> list[float]:
        """Share the width out: to each column what its longest text needs, and the rest by weight."""
        needs: list[float] = []
        for place, column in enumerate(section.columns):
            self._use(size=8)
            head = self._pdf.get_string_width(self._text(column.title))
            self._use(size=9)
            texts = [row[place] for row in section.rows] + ([section.sum] if section.sum and column.is_number else [])
            needs.append(max([head, *(self._pdf.get_string_width(self._text(text)) for text in texts)]) + 3.0)
        spare = _WIDTH_MM - sum(needs)
        if spare >= 0:
            weights = sum(column.weight for column in section.columns)
            return [need + spare * column.weight / weights for need, column in zip(needs, section.columns, strict=True)]
        numbers = sum(need for need, column in zip(needs, section.columns, strict=True) if column.is_number)
        words = sum(needs) - numbers
        if words <= 0 or numbers >= _WIDTH_MM - 20:
            return [need * _WIDTH_MM / sum(needs) for need in needs]
        factor = (_WIDTH_MM - numbers) / words
        return [need if column.is_number else need * factor for need, column in zip(needs, section.columns, strict=True)]

    def _table_head(self, section: Section, widths: list[float]) -> None:
        self._cells([column.title for column in section.columns], section, widths, size=8, colour=_MUTED)
        self._rule(_INK, 0.35)

    def _row(self, section: Section, row: list[str], widths: list[float]) -> None:
        if self._pdf.will_page_break(self._row_height(row, widths)):
            self._pdf.add_page()
            self._table_head(section, widths)
        self._cells(row, section, widths, size=9, colour=_INK)
        self._rule(_LINE, 0.15)

    def _row_height(self, row: list[str], widths: list[float]) -> float:
        self._use(size=9)
        counts = [len(self._broken(text, width)) for text, width in zip(row, widths, strict=True)]
        return 4.4 * max(counts) + 1.6

    def _cells(
        self, row: list[str], section: Section, widths: list[float], *, size: float, colour: tuple[int, int, int]
    ) -> None:
        pdf = self._pdf
        self._use(size=size, colour=colour)
        top, left, height = pdf.get_y() + 0.8, _MARGIN_MM, 4.4
        broken = [self._broken(text, width) for text, width in zip(row, widths, strict=True)]
        last = len(widths) - 1
        for place, (lines, width, column) in enumerate(zip(broken, widths, section.columns, strict=True)):
            room = width if place == last else width - 3.0
            for number, line in enumerate(lines):
                pdf.set_xy(left, top + number * height)
                pdf.cell(room, height, line, align="R" if column.is_number else "L")
            left += width
        pdf.set_xy(_MARGIN_MM, top + height * max(len(lines) for lines in broken) + 0.8)

    def _broken(self, text: str, width: float) -> list[str]:
        """Break a text into lines of a width."""
        room = max(width - 2.8, 4)
        lines = self._pdf.multi_cell(room, 4.4, self._text(text) or " ", dry_run=True, output="LINES", align="L")
        if not self._is_core:
            return cast("list[str]", lines)
        return [line.encode("latin-1").decode(_ENCODING) for line in cast("list[str]", lines)]  # fpdf2 gives bytes as letters

    def _totals(self) -> None:
        pdf, left = self._pdf, _MARGIN_MM + _WIDTH_MM - 84
        if pdf.will_page_break(6.0 * len(self._sheet.totals) + 10):
            pdf.add_page()
        *parts, (name, due) = self._sheet.totals
        for label, amount in parts:
            self._total_line(label, amount, left, size=9, height=5)
        pdf.ln(1)
        self._rule(_INK, 0.35, left)
        pdf.ln(1.5)
        self._total_line(name, due, left, size=13, height=7, is_bold=True)
        pdf.ln(8)

    def _total_line(self, name: str, amount: str, left: float, *, size: float, height: float, is_bold: bool = False) -> None:
        self._use(size=size, is_bold=is_bold, colour=_INK)
        self._pdf.set_x(left)
        self._pdf.cell(50, height, self._text(name))
        self._pdf.cell(34, height, self._text(amount), align="R", new_x="LMARGIN", new_y="NEXT")

    def _notes(self) -> None:
        for note in self._sheet.notes:
            self._pdf.set_x(_MARGIN_MM)
            self._use(size=9, colour=_INK)
            self._pdf.cell(4, 4.6, self._text("•"))
            self._write(note, size=9, height=4.6, width=_WIDTH_MM - 4)
        if self._sheet.notes:
            self._pdf.ln(4)

    def _small(self) -> None:
        self._pairs(self._sheet.small, size=7.5, name_mm=26, height=3.7, colour=_MUTED)
        self._pdf.ln(4)

    def _footer(self) -> None:
        if self._pdf.will_page_break(4.2 * len(self._sheet.footer) + 4):
            self._pdf.add_page()
        self._rule(_LINE, 0.15)
        self._pdf.ln(2)
        for line in self._sheet.footer:
            self._write(line, size=8, height=4.2, colour=_MUTED)

    def _number_pages(self) -> None:
        """Write the number onto each page, where there are several."""
        pdf = self._pdf
        count = pdf.pages_count
        pdf.set_auto_page_break(False)
        for number in range(1, count + 1 if count > 1 else 1):
            pdf.page = number
            pdf.set_y(-12)
            self._write(f"{number} / {count}", size=8, height=4, align="R", colour=_MUTED)

    def _pairs(
        self,
        pairs: list[tuple[str, str]],
        *,
        size: float,
        name_mm: float,
        height: float,
        colour: tuple[int, int, int] = _INK,
    ) -> None:
        for name, value in pairs:
            self._use(size=size, colour=_MUTED)
            self._pdf.set_x(_MARGIN_MM)
            self._pdf.cell(name_mm, height, self._text(name))
            self._write(value, size=size, height=height, width=_WIDTH_MM - name_mm, colour=colour)

    def _write(
        self,
        text: str,
        *,
        size: float,
        height: float,
        is_bold: bool = False,
        width: float = _WIDTH_MM,
        align: str = "L",
        colour: tuple[int, int, int] = _INK,
    ) -> None:
        self._use(size=size, is_bold=is_bold, colour=colour)
        self._pdf.multi_cell(width, height, self._text(text), align=align, new_x="LMARGIN", new_y="NEXT")

    def _use(self, *, size: float, is_bold: bool = False, colour: tuple[int, int, int] = _INK) -> None:
        self._pdf.set_font(self._family, "B" if is_bold and self._is_core else "", size)
        self._pdf.set_text_color(*colour)

    def _rule(self, colour: tuple[int, int, int], width: float, left: float = _MARGIN_MM) -> None:
        self._pdf.set_draw_color(*colour)
        self._pdf.set_line_width(width)
        y = self._pdf.get_y()
        self._pdf.line(left, y, _MARGIN_MM + _WIDTH_MM, y)

    def _text(self, text: str) -> str:
        """Return what the font can write.

        Raises: RequestInvalid: it cannot.
        """
        if not self._is_core:
            return text
        text = text.replace("−", "–")  # Helvetica has the dash, and not the minus
        try:
            text.encode(_ENCODING)
        except UnicodeEncodeError as error:
            raise RequestInvalid(
                f"{text[error.start : error.end]!r} is beyond the letters of PDF's own fonts; name a TrueType font as "
                "billing.font in triplepoint.yaml, or take --format html",
                code="pdf_font",
            ) from error
        return text


def _open(font: Path | None, dated_us: int) -> "FPDF":
    from fpdf import FPDF

    pdf = FPDF(orientation="portrait", unit="mm", format="A4")
    pdf.set_margins(_MARGIN_MM, 18.0, _MARGIN_MM)
    pdf.set_auto_page_break(True, margin=_FOOT_MM)
    pdf.c_margin = 0
    pdf.set_creation_date(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=dated_us))
    pdf.set_lang("en")
    if font is None:
        pdf.core_fonts_encoding = _ENCODING
    else:
        try:
            pdf.add_font(_FONT, fname=str(font))
        except (OSError, RuntimeError) as error:
            raise RequestInvalid(f"billing.font: {font} cannot be used: {error}", code="pdf_font") from error
    pdf.add_page()
    return pdf
