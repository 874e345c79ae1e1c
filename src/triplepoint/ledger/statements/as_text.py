"""A statement for the terminal: plain text, as wide as its figures."""

from triplepoint.ledger.receipts import printable
from triplepoint.ledger.statements.sheet import Section, Sheet

_GAP = "  "


def to_text(sheet: Sheet) -> str:
    """Write a statement as text; control characters in names are made visible."""
    parts = [_head(sheet), *(_table(section) for section in sheet.sections), _pairs(sheet.totals, is_sum=True)]
    if sheet.notes:
        parts.append("\n".join(f"* {note}" for note in sheet.notes))
    parts += [_pairs(sheet.small), "\n".join(sheet.footer)]
    return "\n\n".join(_clean(part) for part in parts if part) + "\n"


def _head(sheet: Sheet) -> str:
    head = [line for line in (sheet.issuer, *sheet.address) if line]
    title = f"{sheet.title} for {sheet.customer}"
    banner = [sheet.banner] if sheet.banner else []
    return "\n".join([*head, *([""] if head else []), title, *banner, "", _pairs(sheet.facts)])


def _table(section: Section) -> str:
    rows = [[column.title for column in section.columns], *section.rows]
    if section.sum is not None:
        rows.append([""] * (len(section.columns) - 1) + [section.sum])
    widths = [max(len(printable(row[place])) for row in rows) for place in range(len(section.columns))]
    lines = [_line(row, widths, section) for row in rows]
    rule = "─" * (sum(widths) + len(_GAP) * (len(widths) - 1))
    body = [lines[0], rule, *lines[1:]]
    if section.sum is not None:
        body.insert(-1, rule)
    return "\n".join([section.title, "", *body])


def _line(row: list[str], widths: list[int], section: Section) -> str:
    cells = [
        printable(cell).rjust(width) if column.is_number else printable(cell).ljust(width)
        for cell, width, column in zip(row, widths, section.columns, strict=True)
    ]
    return _GAP.join(cells).rstrip()


def _pairs(pairs: list[tuple[str, str]], *, is_sum: bool = False) -> str:
    name_width = max(len(name) for name, _ in pairs)
    value_width = max(len(value) for _, value in pairs) if is_sum else 0
    lines = [f"{name.ljust(name_width)}{_GAP}{value.rjust(value_width)}" for name, value in pairs]
    if is_sum and len(lines) > 1:
        lines.insert(-1, "─" * (name_width + len(_GAP) + value_width))
    return "\n".join(lines)


def _clean(part: str) -> str:
    return "\n".join(printable(line) for line in part.split("\n"))
