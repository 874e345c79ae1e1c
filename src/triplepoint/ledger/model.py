"""Records of the journal and rows of the ledger.

The two records are encoded with msgpack as arrays, so fields are only ever added at the end, with a default.
"""

from enum import StrEnum

import msgspec

from triplepoint.foundation.usage import Usage
from triplepoint.ledger.audits.model import Audited, Rated
from triplepoint.ledger.routed import Routed, RoutedRecord

ENERGIES = ("energy_wh", "energy_low_wh", "energy_high_wh", "carbon_g", "carbon_low_g", "carbon_high_g")
"""Energy and carbon of an attempt, medians and 90 % intervals: exact decimal text everywhere."""


class Outcome(StrEnum):
    """How an attempt ended."""

    FINISHED = "finished"
    """The answer was whole."""
    CUT = "cut"
    """The upstream broke off inside the answer."""
    CANCELLED = "cancelled"
    """The caller left; the upstream was stopped."""
    FAILED = "failed"
    """The upstream refused, failed or timed out before an answer."""
    INTERRUPTED = "interrupted"
    """Our process died under it."""


class Opened(msgspec.Struct, frozen=True, array_like=True, tag="opened", kw_only=True, gc=False):
    """Written before an attempt is sent."""

    receipt_id: str
    attempt: int
    """From 1, within the receipt."""
    at_us: int
    """Wall clock, microseconds since 1970, UTC."""
    customer_id: str
    key_id: str
    request_id: str
    """``x-request-id`` of the answer."""
    endpoint: str
    """Path that was called, such as ``/v1/chat/completions``; of an audit ``audit``, of its judge ``judge``."""
    asked_model: str
    """Name in the request."""
    served_model: str
    """Name in the line-up."""
    upstream: str
    upstream_model: str
    """Name of the model at the upstream."""
    lineup: str
    """Hash of the line-up."""
    decision: str
    """Why this model and this upstream, in words: ``asked by name``, ``alias small``, ``rule: holds code``, ``fallback: …``."""
    stream: bool
    price_id: str
    """Row and digest of the price book: ``openai/gpt-4o@2024-10-01#1f3a…``."""
    input_estimate: int
    """Tokens, from the size of the request; what an interrupted attempt is charged."""
    input_usd_per_mtok: str
    """Price of that input, decimal text; so that an interruption can be settled without the price book. Empty: no price,
    and the cost of an interruption is unknown."""
    conversation: str | None = None
    tags: dict[str, str] = {}
    plan: str = ""
    """Plan of the customer; empty where there are no plans."""
    plans: str = ""
    """Hash of the plans in force."""
    downgraded_from: str | None = None
    """Model that would have served, had its quota not been used up; None: it was not downgraded."""
    unreserved: bool = False
    """The counters were away and the plan says to go on: no quota holds this attempt."""
    charge_input_usd_per_mtok: str = ""
    """What the customer is charged for that input, decimal text; for an interruption. Empty: unknown."""
    burns_from: str = ""
    """Grant of credit that an interruption's charge is burnt from; empty: the charge is not prepaid."""
    routed: RoutedRecord | None = None
    """How the router decided; None where the caller named the model, and on later attempts."""
    audit_of: str = ""
    """Receipt that this attempt audits; empty: it is a caller's."""
    held_usd: str = ""
    """Of an audit: what was held for this attempt, decimal text; what counts of it where its cost never becomes known."""
    escalated_from: str | None = None
    """Weaker model whose answer to the same request would not do; None: this is no escalation."""


class Closed(msgspec.Struct, frozen=True, array_like=True, tag="closed", kw_only=True, gc=False):
    """Written before the answer is finished."""

    receipt_id: str
    attempt: int
    at_us: int
    outcome: Outcome
    status: int
    """HTTP status that the upstream gave; 0 where it gave none."""
    error: str | None
    """Code of our error, such as ``upstream_timeout``; never the upstream's words."""
    usage: Usage
    cost_usd: str | None
    """Exact decimal text; None: unknown, because the usage is."""
    first_byte_us: int | None
    """Duration from sending to the first byte of the answer."""
    total_us: int
    """Duration of the attempt."""
    finish_reason: str | None = None
    notices: list[str] = []
    """What the caller was told beside the answer, such as a dropped parameter."""
    charge_usd: str | None = None
    """What the customer pays for it, exact decimal text; None: unknown, because the cost is."""
    burnt: dict[str, str] = {}
    """How much of the charge was burnt from which grant of credit; empty where it goes onto the statement."""


JournalRecord = Opened | Closed | Audited | Rated


class AttemptRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the ledger: an attempt, opened and closed (or interrupted) joined."""

    receipt_id: str
    attempt: int
    opened_us: int
    closed_us: int | None
    """None while it runs, and where it was interrupted."""
    customer_id: str
    key_id: str
    request_id: str
    endpoint: str
    asked_model: str
    served_model: str
    upstream: str
    upstream_model: str
    lineup: str
    decision: str
    stream: bool
    outcome: Outcome | None
    """None while it runs."""
    status: int
    error: str | None
    usage: Usage
    price_id: str
    cost_usd: str | None
    first_byte_us: int | None
    total_us: int | None
    finish_reason: str | None
    conversation: str | None
    tags: dict[str, str]
    notices: list[str]
    plan: str = ""
    plans: str = ""
    downgraded_from: str | None = None
    unreserved: bool = False
    charge_usd: str | None = None
    burnt: dict[str, str] = {}
    energy_wh: str | None = None
    """Median, exact decimal text; None while it runs, and where nothing can be said."""
    energy_low_wh: str | None = None
    """Lower end of the 90 % interval."""
    energy_high_wh: str | None = None
    """Upper end."""
    energy_grade: str | None = None
    """``measured``, ``tabled`` or ``modelled``."""
    carbon_g: str | None = None
    """gCO₂e, location-based, median; decimal text."""
    carbon_low_g: str | None = None
    carbon_high_g: str | None = None
    routed: Routed | None = None
    audit_of: str = ""
    escalated_from: str | None = None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What one request got: its attempts, and their sum."""

    id: str
    object: str = "receipt"
    created_us: int
    customer_id: str
    key_id: str
    request_id: str
    endpoint: str
    asked_model: str
    served_model: str
    """Of the attempt that answered: the last that brought anything, where one did."""
    lineup: str
    decision: str
    outcome: Outcome | None
    cost_usd: str | None
    """Sum over attempts; None where one of them is unknown."""
    charge_usd: str | None = None
    """What the customer pays: sum over attempts; None where one of them is unknown."""
    attempts: list[AttemptRow]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts that have ended, added up."""

    requests: int = 0
    """Requests whose first attempt is among them."""
    attempts: int = 0
    failed: int = 0
    """Attempts that ended otherwise than finished, or cancelled by the caller."""
    answered: int = 0
    """Attempts that brought an answer or a part of it, or may have; one a request, or two where it was escalated."""
    input_tokens: int = 0
    """Sums of the known counts; `unknown_usage` says how many attempts they lack."""
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    unknown_usage: int = 0
    """Attempts whose input or output nobody counted."""
    cost_usd: str = "0"
    """Exact sum of the known costs, decimal text; `unpriced` says how many attempts it lacks."""
    unpriced: int = 0
    """Attempts whose cost is unknown."""
    charge_usd: str = "0"
    """Exact sum of the known charges; `uncharged` says how many attempts it lacks."""
    uncharged: int = 0
    """Attempts whose charge is unknown."""
    downgraded: int = 0
    """Requests whose first attempt was at a model below the one that they would have got."""
    escalated: int = 0
    """Answered attempts at a stronger model, after a weaker one's answer would not do; `answered` less these are requests."""
    energy_wh: str = "0"
    """Exact sum of the medians; `unmetered` says how many attempts it lacks."""
    energy_low_wh: str = "0"
    """Sum of the lower ends: a bound that holds however the errors hang together."""
    energy_high_wh: str = "0"
    carbon_g: str = "0"
    carbon_low_g: str = "0"
    carbon_high_g: str = "0"
    unmetered: int = 0
    """Attempts of which no energy can be said."""


class Rollup(Counts, frozen=True, kw_only=True):
    """The counts of one hour, customer, key, plan, model and line-up."""

    hour_us: int
    """Beginning of the hour in which the attempts were opened."""
    customer_id: str
    key_id: str
    plan: str
    served_model: str
    lineup: str


class Total(Counts, frozen=True, kw_only=True):
    """The counts of one group of rollups."""

    group: str
    """What they have in common: an id, a name, a hash, a day."""
