"""A receipt, drawn: what was asked, what served it and why, each attempt with its tokens, its price and its time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from triplepoint.access.model import Actor
from triplepoint.access.service import AccessService
from triplepoint.console.decision import draw_candidates, draw_facts
from triplepoint.console.formats import UNKNOWN, count_text, exact_text, span_text, stamp_text
from triplepoint.console.markup import Content, Markup, join, tag
from triplepoint.console.rows import ending_text, source_text
from triplepoint.foundation.errors import TriplepointError
from triplepoint.foundation.usage import Usage
from triplepoint.ledger.decision_words import candidate_table
from triplepoint.ledger.energies import add_energies, carbon_text, energy_text
from triplepoint.ledger.model import AttemptRow, Outcome, Receipt
from triplepoint.ledger.receipts import printable

TITLE_ID = "receipt-title"


@dataclass(frozen=True, slots=True)
class Parties:
    """Who asked, as people know them; the id where the record is gone."""

    customer: str
    key: str


def find_parties(access: AccessService, actor: Actor, receipt: Receipt) -> Parties:
    """Look up the names of customer and key."""
    return Parties(_customer_name(access, actor, receipt.customer_id), _key_name(access, actor, receipt.key_id))


def draw_receipt(receipt: Receipt, parties: Parties) -> Markup:
    """Draw a receipt."""
    return join(
        _head(receipt),
        tag("dl", *_facts(receipt, parties), class_="facts"),
        _decision(receipt.attempts[0]),
        tag("h3", "1 attempt" if len(receipt.attempts) == 1 else f"{len(receipt.attempts)} attempts"),
        tag("ol", *(_attempt(row, receipt) for row in receipt.attempts), class_="tries"),
        tag("p", tag("a", "This receipt as JSON", href=f"/api/receipts/{receipt.id}"), class_="twin"),
    )


def draw_missing(receipt_id: str) -> Markup:
    """Draw what stands where there is no receipt."""
    return join(
        tag("h2", "No such receipt", id=TITLE_ID),
        tag("p", "The ledger has no receipt ", tag("code", printable(receipt_id)), "."),
        tag(
            "p",
            "One of the last second may not have reached it yet; receipts of other installations are not here.",
            class_="hint",
        ),
    )


def draw_unreadable() -> Markup:
    """Draw what stands where the ledger cannot be read."""
    return join(
        tag("h2", "The receipt cannot be read", id=TITLE_ID),
        tag(
            "p",
            "The ledger does not answer; the log of the control plane has the reason. Try again in a moment.",
            class_="hint",
        ),
    )


def _head(receipt: Receipt) -> Markup:
    asked, served = printable(receipt.asked_model), printable(receipt.served_model)
    return tag(
        "header",
        tag("p", "Receipt ", tag("code", receipt.id), class_="eyebrow"),
        tag("h2", asked if asked == served else f"{asked} → {served}", id=TITLE_ID),
        tag("p", _chip(receipt.outcome), tag("strong", _cost(receipt.cost_usd, receipt.outcome), class_="cost"), class_="sum"),
    )


def _facts(receipt: Receipt, parties: Parties) -> Sequence[Markup]:
    first = receipt.attempts[0]
    facts: Mapping[str, Content] = {
        "Why": printable(receipt.decision),
        "Asked at": stamp_text(receipt.created_us),
        "Customer": parties.customer,
        "Key": parties.key,
        "Endpoint": tag("code", printable(receipt.endpoint)),
        "Request": tag("code", printable(receipt.request_id)),
        "Line-up": tag("code", receipt.lineup),
        **_plan(receipt),
        "Conversation": None if first.conversation is None else tag("code", printable(first.conversation)),
        **(_energies(receipt.attempts) if receipt.outcome is not None else {}),
        "Tags": None if not first.tags else join(*(_label(name, value) for name, value in sorted(first.tags.items()))),
    }
    return [tag("div", tag("dt", name), tag("dd", content)) for name, content in facts.items() if content is not None]


def _plan(receipt: Receipt) -> dict[str, Content]:
    """Say what the customer pays, and whether it got what it asked for; nothing where there are no plans."""
    first = receipt.attempts[0]
    if not first.plan:
        return {}
    burnt = any(row.burnt for row in receipt.attempts)
    charge = _cost(receipt.charge_usd, receipt.outcome) + (", from credit" if burnt else "")
    moved = None if first.downgraded_from is None else printable(first.downgraded_from)
    return {"Plan": printable(first.plan), "Charge": charge, "Moved down from": moved}


def _decision(first: AttemptRow) -> Markup | None:
    """Draw how the router decided; nothing where the caller named the model."""
    routed = first.routed
    if routed is None:
        return None
    return join(
        tag("h3", "How it was decided"),
        draw_facts(routed),
        draw_candidates(candidate_table(first)),
        tag("p", tag("a", "The router, and what it would do now", href="/router"), class_="twin"),
    )


def _label(name: str, value: str) -> Markup:
    return tag("span", f"{printable(name)}: {printable(value)}", class_="label")


def _attempt(row: AttemptRow, receipt: Receipt) -> Markup:
    where = f"{row.upstream}, {printable(row.upstream_model)}"
    facts: Mapping[str, Content] = {
        "Why": None if row.attempt == 1 else printable(row.decision),
        "Escalated from": None if row.escalated_from is None else printable(row.escalated_from),
        "Upstream said": _said(row),
        "Time": None if row.outcome is None else _time(row),
        "Price row": tag("code", row.price_id) if row.price_id else "unpriced",
        "Price": _cost(row.cost_usd, row.outcome),
        **(_energies([row]) if row.outcome is not None and len(receipt.attempts) > 1 else {}),
        "Told the caller": None if not row.notices else join(*(tag("span", printable(text)) for text in row.notices)),
    }
    return tag(
        "li",
        tag("h4", tag("span", f"{printable(row.served_model)} at {where}"), _chip(row.outcome)),
        _timeline(row, receipt),
        tag("dl", *(tag("div", tag("dt", k), tag("dd", v)) for k, v in facts.items() if v is not None), class_="facts"),
        None if row.outcome is None else _usage(row.usage),
    )


def _energies(rows: Sequence[AttemptRow]) -> dict[str, Content]:
    known = add_energies(rows)
    if known is None:
        return {"Energy": "unknown"}
    return {"Energy": energy_text(known), "Carbon": carbon_text(known)}


def _said(row: AttemptRow) -> str | None:
    if row.outcome is None:
        return None
    status = f"status {row.status}" if row.status else "nothing"
    ended = f"finish reason {printable(row.finish_reason)}" if row.finish_reason else ""
    return ", ".join(part for part in (status, row.error or "", ended) if part)


def _time(row: AttemptRow) -> str:
    first = "no byte came" if row.first_byte_us is None else f"first byte after {span_text(row.first_byte_us)}"
    return f"{first}, ended after {span_text(row.total_us)}"


def _timeline(row: AttemptRow, receipt: Receipt) -> Markup | None:
    """Draw when the attempt began within the request, how long it waited and how long the answer took."""
    begun = receipt.created_us
    end = max((other.opened_us + (other.total_us or 0) for other in receipt.attempts), default=begun)
    if row.total_us is None or end <= begun:
        return None
    whole = end - begun
    waited = row.total_us if row.first_byte_us is None else min(row.first_byte_us, row.total_us)
    pieces = (("gap", max(row.opened_us - begun, 0)), ("wait", waited), ("flow", row.total_us - waited))
    said = f"Waited {span_text(waited)}, then {span_text(row.total_us - waited)} of answer"
    bars = (tag("span", class_=kind, style=f"width:{100 * length / whole:.2f}%") for kind, length in pieces if length > 0)
    return tag("div", *bars, class_="timeline", role="img", aria_label=said)


def _usage(usage: Usage) -> Markup:
    counts = (
        ("Input", usage.input_tokens, ""),
        ("read from cache", usage.cache_read_tokens or None, "part"),
        ("written to cache", usage.cache_write_tokens or None, "part"),
        ("Output", usage.output_tokens, ""),
        ("reasoning", usage.reasoning_tokens or None, "part"),
    )
    shown = [(name, count, kind) for name, count, kind in counts if count is not None or not kind]
    rows = (
        tag("tr", tag("th", name, scope="row", class_=kind or None), tag("td", UNKNOWN if count is None else count_text(count)))
        for name, count, kind in shown
    )
    return tag("table", tag("caption", f"Tokens, {source_text(usage)}"), tag("tbody", *rows), class_="figures usage")


def _cost(cost_usd: str | None, outcome: Outcome | None) -> str:
    return "not settled yet" if outcome is None and cost_usd is None else exact_text(cost_usd)


def _chip(outcome: Outcome | None) -> Markup:
    word = ending_text(outcome)
    return tag("span", word, class_=f"chip {word}")


def _customer_name(access: AccessService, actor: Actor, customer_id: str) -> str:
    try:
        return f"{access.customers.find(actor, customer_id).name} ({customer_id})"
    except TriplepointError:
        return customer_id


def _key_name(access: AccessService, actor: Actor, key_id: str) -> str:
    try:
        key = access.keys.find(actor, key_id)
    except TriplepointError:
        return key_id
    return f"{key.label or 'without a label'}, {key.display}"
