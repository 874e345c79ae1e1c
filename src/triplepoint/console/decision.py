"""How a router decided, drawn: the same facts and the same table on a receipt and where a request is explained."""

from triplepoint.console.markup import Content, Markup, tag
from triplepoint.ledger.decision_words import CHOSEN, CandidateTable, decision_facts
from triplepoint.ledger.receipts import printable
from triplepoint.ledger.routed import Routed


def draw_facts(routed: Routed) -> Markup:
    """Draw who decided, by what, and how far it is to be trusted."""
    pairs = decision_facts(routed).items()
    return tag(
        "dl", *(tag("div", tag("dt", k.capitalize()), tag("dd", printable(v))) for k, v in pairs), class_="facts decision"
    )


def draw_candidates(table: CandidateTable) -> Markup:
    """Draw what spoke for and against each model."""
    return draw_table(
        [name.capitalize() for name in table.columns],
        [[_name(row), *(printable(text) for text in row[1:])] for row in table.rows],
        label="Models of the decision",
        classes="candidates",
    )


def _name(row: tuple[str, ...]) -> Content:
    return tag("strong", printable(row[0])) if row[-1].startswith(CHOSEN) else printable(row[0])


def draw_table(heads: list[str], rows: list[list[Content]], *, label: str, classes: str = "") -> Markup:
    """Draw a table that scrolls by itself where the window is narrow.

    Args:
        heads: Names of the columns.
        rows: Cells; the first of each row is its name.
        label: What it shows, for those who do not see it.
        classes: Of the table, beside ``figures``.
    """
    body = (tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows)
    table = tag(
        "table",
        tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))),
        tag("tbody", *body),
        class_=f"figures {classes}".strip(),
    )
    return tag("div", table, class_="scroll", tabindex="0", role="region", aria_label=label)
