"""The rules of a statement: facts in, lines and totals out. Pure, exact, and the same in whatever order the facts come."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import msgspec

from triplepoint.foundation.ids import CustomerId
from triplepoint.ledger.statements.amounts import cents, cents_text, exact, exact_text, rounded, total_cents
from triplepoint.ledger.statements.model import (
    Burn,
    CreditLine,
    EntryLine,
    Facts,
    FeeLine,
    GrantLine,
    Note,
    RefundedReceipt,
    Statement,
    Totals,
    UsageKey,
    UsageLine,
)
from triplepoint.ledger.statements.span import Span
from triplepoint.lineups.digest import SHOWN
from triplepoint.plans.entries import Entry, EntryKind
from triplepoint.plans.fees import HeldPart, Revision, Tenure, held_parts, pro_rated

_COUNTED = (
    *("requests", "attempts", "answered", "failed", "downgraded", "input_tokens", "output_tokens", "cache_read_tokens"),
    *("cache_write_tokens", "reasoning_tokens", "unknown_usage", "uncharged"),
)
_NO_DIGEST = ""


@dataclass(frozen=True, slots=True)
class Party:
    """Whose statement it is."""

    customer_id: CustomerId
    name: str
    tenure: Tenure


def reckon(party: Party, span: Span, facts: Facts, *, revisions: Sequence[Revision], now_us: int) -> Statement:
    """Make a statement.

    Args:
        party: The customer.
        span: The period, in the customer's time zone.
        facts: What the ledger knows.
        revisions: What ``plans.yaml`` said when, oldest first.
        now_us: The moment of making; only tells whether the period is over.
    Returns: The statement, with its digest.
    """
    fees = [_fee_line(part, party.tenure.time_zone) for part in held_parts(party.tenure, revisions, span.period)]
    usage = [_usage_line(key, facts) for key in sorted(facts.usage)]
    credit, grants = _credit_lines(facts.burns), _grant_lines(facts)
    entries = [_entry_line(entry) for entry in _ordered(facts.entries) if entry.kind is not EntryKind.GRANT]
    totals = _totals(fees, usage, credit, entries)
    statement = Statement(
        id=statement_id(party.customer_id, span),
        digest=_NO_DIGEST,
        customer_id=party.customer_id,
        customer_name=party.name,
        time_zone=party.tenure.time_zone,
        period=span.text,
        start_us=span.period.start_us,
        end_us=span.period.end_us,
        is_provisional=now_us < span.period.end_us or facts.pending_count > 0,
        fees=fees,
        usage=usage,
        credit=credit,
        entries=entries,
        grants=grants,
        totals=totals,
        pending=facts.pending,
        notes=_notes(facts, fees, usage, totals, is_over=now_us >= span.period.end_us),
        plans=_hashes(facts, revisions, span),
        prices=sorted(facts.prices),
    )
    return msgspec.structs.replace(statement, digest=digest(statement))


def statement_id(customer_id: str, span: Span) -> str:
    """Return the id of a customer's statement of a period."""
    named = f"{customer_id}\0{span.period.start_us}\0{span.period.end_us}"
    return f"stmt_{hashlib.sha256(named.encode()).hexdigest()[:24]}"


def digest(statement: Statement) -> str:
    """Return the digest of what a statement says; its own field does not count."""
    said = msgspec.structs.replace(statement, digest=_NO_DIGEST)
    return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()


def _fee_line(part: HeldPart, time_zone: str) -> FeeLine:
    amount = None if part.fee is None else pro_rated(part.fee, part.span, time_zone)
    return FeeLine(
        plan=part.plan,
        since_us=part.span.start_us,
        until_us=part.span.end_us,
        fee_usd=None if part.fee is None else part.fee.usd,
        fee_per=None if part.fee is None else part.fee.per,
        exact_usd=None if amount is None else exact_text(amount),
        amount_usd=None if amount is None else rounded(amount),
    )


def _usage_line(key: UsageKey, facts: Facts) -> UsageLine:
    counts = facts.usage[key]
    return UsageLine(
        plan=key.plan,
        served_model=key.served_model,
        **{name: getattr(counts, name) for name in _COUNTED},
        exact_usd=counts.charge_usd,
        amount_usd=rounded(exact(counts.charge_usd)),
    )


def _credit_lines(burns: Iterable[Burn]) -> list[CreditLine]:
    """Mirror usage lines, not grants: where credit paid all of a line, the two rounded amounts cancel to the cent."""
    burnt: defaultdict[UsageKey, Fraction] = defaultdict(Fraction)
    for burn in burns:
        burnt[burn.key] += exact(burn.usd)
    return [
        CreditLine(plan=key.plan, served_model=key.served_model, exact_usd=exact_text(-amount), amount_usd=rounded(-amount))
        for key, amount in sorted(burnt.items(), key=lambda item: item[0])
    ]


def _grant_lines(facts: Facts) -> list[GrantLine]:
    granted = {entry.id: Fraction(entry.amount_usd) for entry in facts.entries if entry.kind is EntryKind.GRANT}
    burnt: defaultdict[str, Fraction] = defaultdict(Fraction)
    for burn in facts.burns:
        burnt[burn.grant_id] += exact(burn.usd)
    return [
        GrantLine(id=name, granted_usd=exact_text(granted.get(name, Fraction(0))), burnt_usd=exact_text(burnt[name]))
        for name in sorted(granted.keys() | burnt.keys())
    ]


def _ordered(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.at_us, entry.id))


def _entry_line(entry: Entry) -> EntryLine:
    amount = Fraction(entry.amount_usd) * (1 if entry.kind is EntryKind.ADJUSTMENT else -1)
    return EntryLine(
        id=entry.id,
        kind=entry.kind,
        at_us=entry.at_us,
        receipt_id=entry.receipt_id,
        reason=entry.reason,
        exact_usd=exact_text(amount),
        amount_usd=rounded(amount),
    )


def _totals(fees: list[FeeLine], usage: list[UsageLine], credit: list[CreditLine], entries: list[EntryLine]) -> Totals:
    adjustments = [line for line in entries if line.kind is EntryKind.ADJUSTMENT]
    credits_ = [line for line in entries if line.kind is not EntryKind.ADJUSTMENT]
    groups = [total_cents(line.amount_usd for line in lines) for lines in (fees, usage, credit, credits_, adjustments)]
    exacts = [line.exact_usd for lines in (fees, usage, credit, entries) for line in lines if line.exact_usd is not None]
    written = [cents_text(group) for group in groups]
    return Totals(
        fees_usd=written[0],
        usage_usd=written[1],
        credit_burnt_usd=written[2],
        credits_usd=written[3],
        adjustments_usd=written[4],
        due_usd=cents_text(sum(groups)),
        exact_due_usd=exact_text(sum((exact(amount) for amount in exacts), start=Fraction(0))),
        unknown_charges=sum(line.uncharged for line in usage),
        unknown_fees=sum(line.amount_usd is None for line in fees),
    )


def _notes(facts: Facts, fees: list[FeeLine], usage: list[UsageLine], totals: Totals, *, is_over: bool) -> list[Note]:
    downgraded = sum(line.downgraded for line in usage)
    uncounted = sum(line.unknown_usage for line in usage)
    missing = sorted({line.plan for line in fees if line.amount_usd is None})
    told = [
        ("provisional", int(not is_over), "The period is not over: this is what stands so far, with fees for the whole of it."),
        ("pending", facts.pending_count, "attempts still run; what they come to is added when they end."),
        ("charges_unknown", totals.unknown_charges, "attempts have an unknown charge and are in no sum: more may be due."),
        ("fees_unknown", totals.unknown_fees, f"fees are unknown and in no sum: {', '.join(missing)} was not in plans.yaml."),
        ("usage_unknown", uncounted, "attempts were not counted in full; their tokens are missing above."),
        ("downgraded", downgraded, "requests were answered by a model further down, because a quota was used up."),
        ("interrupted", facts.interrupted, "attempts broke off on our side; each is charged its input as estimated, at most."),
        ("unreserved", facts.unreserved, "attempts were let through while quotas could not be looked up."),
    ]
    notes = [Note(code=code, count=count, text=_sentence(count, text)) for code, count, text in told if count]
    notes += [note for receipt in sorted(facts.refunded, key=lambda one: one.receipt_id) if (note := _over_refunded(receipt))]
    if cents(exact(totals.due_usd)) < 0:
        notes.append(Note(code="in_favour", text="More was taken off than is due: the balance is in the customer's favour."))
    return notes


def _sentence(count: int, text: str) -> str:
    return text if text[0].isupper() else f"{count:,} {text}"


def _over_refunded(receipt: RefundedReceipt) -> Note | None:
    if receipt.charge_usd is None:
        text = f"Receipt {receipt.receipt_id} has refunds of {receipt.refunded_usd} USD, and its charge is unknown."
    elif exact(receipt.refunded_usd) > exact(receipt.charge_usd):
        text = (
            f"Receipt {receipt.receipt_id} was charged {receipt.charge_usd} USD and has refunds of {receipt.refunded_usd} USD."
        )
    else:
        return None
    return Note(code="refund_above_charge", text=text)


def _hashes(facts: Facts, revisions: Sequence[Revision], span: Span) -> list[str]:
    """Return what receipts name, and the revisions in force within the period, shortened as receipts do."""
    ends = [one.since_us for one in revisions[1:]] + [span.period.end_us]
    in_force = [
        one.digest
        for one, until_us in zip(revisions, ends, strict=False)
        if one.digest and one.since_us < span.period.end_us and until_us > span.period.start_us
    ]
    return sorted({name[:SHOWN] for name in [*facts.plans, *in_force] if name})
