"""A statement as one HTML page that prints well on A4: no script, no font and nothing else from elsewhere."""

from html import escape

from triplepoint.ledger.statements.sheet import Column, Section, Sheet

_STYLE = """
@page { size: A4; margin: 18mm 17mm 20mm; }
* { box-sizing: border-box; }
html { background: #eef1ef; }
body { max-width: 210mm; margin: 10mm auto; padding: 18mm 17mm; background: #fff; color: #17211e;
  font: 9pt/1.45 "Helvetica Neue", Helvetica, Arial, "Liberation Sans", "Noto Sans", sans-serif; }
header { display: flex; justify-content: space-between; gap: 12mm; margin-bottom: 14mm; }
header > div:last-child { text-align: right; }
.issuer { font-size: 12pt; font-weight: 600; }
.address, .small, footer { color: #52615b; }
h1 { margin: 0; font-size: 20pt; font-weight: 600; letter-spacing: -0.01em; }
.customer { font-size: 12pt; margin: 1mm 0 0; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0.6mm 5mm; margin: 0; }
dt { color: #52615b; } dd { margin: 0; overflow-wrap: anywhere; }
.top { display: flex; justify-content: space-between; gap: 10mm; margin: 6mm 0 8mm; }
.due { text-align: right; white-space: nowrap; align-self: end; color: #52615b; }
.due strong { display: block; font-size: 18pt; font-weight: 600; line-height: 1.2; color: #17211e; }
.banner { margin: 0 0 7mm; padding: 2.5mm 3.5mm; border-left: 1mm solid #b5651d; background: #fbf2dc; color: #7a4f00; }
section { break-inside: auto; margin-bottom: 8mm; }
h2 { margin: 0 0 1.5mm; font-size: 10.5pt; font-weight: 600; break-after: avoid; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
thead { display: table-header-group; }
th { padding: 1mm 2.5mm 1mm 0; border-bottom: 0.35mm solid #17211e; text-align: left; font-size: 8pt; font-weight: 500;
  color: #52615b; }
td { padding: 1.1mm 2.5mm 1.1mm 0; border-bottom: 0.15mm solid #d9e0dc; vertical-align: top; overflow-wrap: break-word; }
tr { break-inside: avoid; }
th:last-child, td:last-child { padding-right: 0; }
.n { text-align: right; white-space: nowrap; }
tfoot { display: table-row-group; } tfoot tr { break-before: avoid; }
tfoot td { border-bottom: 0; font-weight: 600; }
.totals { width: 84mm; margin: 0 0 9mm auto; break-inside: avoid; }
.totals td { border-bottom: 0; padding: 0.7mm 0; }
.totals tr:last-child td { border-top: 0.35mm solid #17211e; padding-top: 1.8mm; font-size: 13pt; font-weight: 600; }
.notes { margin: 0 0 7mm; padding-left: 4.5mm; }
.notes li { margin-bottom: 0.8mm; }
.small { font-size: 7.5pt; line-height: 1.4; margin-bottom: 6mm; }
footer { font-size: 8pt; border-top: 0.15mm solid #d9e0dc; padding-top: 2.5mm; }
footer p { margin: 0 0 0.6mm; }
@media print { html { background: none; } body { max-width: none; margin: 0; padding: 0; } }
@media (max-width: 700px) { body { padding: 7mm 5mm; margin: 0; } header { display: block; } section { overflow-x: auto; } }
"""


def to_html(sheet: Sheet) -> str:
    """Write a statement as a page."""
    title = f"{sheet.title} for {sheet.customer}"
    banner = f'<p class="banner">{escape(sheet.banner)}</p>' if sheet.banner else ""
    notes = "".join(f"<li>{escape(note)}</li>" for note in sheet.notes)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title><style>{_STYLE}</style></head>\n'
        f"<body>{_head(sheet)}\n{banner}"
        + "\n".join(_section(section) for section in sheet.sections)
        + f'\n<table class="totals">{"".join(_total(name, amount) for name, amount in sheet.totals)}</table>\n'
        + (f'<ul class="notes">{notes}</ul>\n' if notes else "")
        + f'<dl class="small">{_definitions(sheet.small)}</dl>\n'
        + f"<footer>{''.join(f'<p>{escape(line)}</p>' for line in sheet.footer)}</footer></body></html>\n"
    )


def _head(sheet: Sheet) -> str:
    address = "<br>".join(escape(line) for line in sheet.address)
    issuer = f'<div class="issuer">{escape(sheet.issuer)}</div><div class="address">{address}</div>'
    title = f'<h1>{escape(sheet.title)}</h1><p class="customer">{escape(sheet.customer)}</p>'
    name, amount = sheet.totals[-1]
    due = f'<div class="due">{escape(name)}<strong>{escape(amount)}</strong></div>'
    facts = f'<div class="top"><dl>{_definitions(sheet.facts)}</dl>{due}</div>'
    return f"<header><div>{title}</div><div>{issuer}</div></header>{facts}"


def _definitions(pairs: list[tuple[str, str]]) -> str:
    return "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)


def _section(section: Section) -> str:
    head = "".join(_cell("th", column, column.title) for column in section.columns)
    rows = "".join(_row(section, row) for row in section.rows)
    foot = ""
    if section.sum is not None:
        foot = f'<tfoot><tr><td colspan="{len(section.columns) - 1}"></td><td class="n">{escape(section.sum)}</td></tr></tfoot>'
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody>{foot}</table>"
    return f"<section><h2>{escape(section.title)}</h2>{table}</section>"


def _row(section: Section, row: list[str]) -> str:
    return f"<tr>{''.join(_cell('td', column, text) for column, text in zip(section.columns, row, strict=True))}</tr>"


def _cell(tag: str, column: Column, text: str) -> str:
    kind = ' class="n"' if column.is_number else ""
    return f"<{tag}{kind}>{escape(text)}</{tag}>"


def _total(name: str, amount: str) -> str:
    return f'<tr><td>{escape(name)}</td><td class="n">{escape(amount)}</td></tr>'
