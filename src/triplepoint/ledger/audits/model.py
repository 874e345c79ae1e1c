"""Records of the journal and rows of the ledger; the records are arrays, so fields are only ever added at the end."""

from typing import Final

import msgspec

ACCOUNT: Final = "audit"
"""Customer and key of the attempts that audits make: ours. No customer's id looks like it."""


class Audit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What came of the audit of one request."""

    receipt_id: str
    """Of the request that was audited."""
    asked_us: int
    """When that request came; what is counted over audits is counted in this order."""
    at_us: int
    """When it was decided."""
    lineup: str
    """Hash of the line-up."""
    plan: str
    """Of the customer; empty where there are no plans."""
    chosen: str
    """Model that answered the caller."""
    other: str
    """Model that answered for the audit."""
    reference: str
    """Strongest model that the caller may use for this request; it is ``chosen`` or ``other``."""
    policy: str
    """Kind of the router."""
    group: str
    """Group of the request, as the scorer has it."""
    scorer: str
    """First characters of the scorer's digest; empty: none was asked."""
    is_certified: bool
    """The choice stood under a certificate."""
    known_as: str
    """The reference by the scorer's name, as certificates have it; empty: no scorer was asked, or it knows no such model."""
    has_signal: bool
    """False: the request was unlike anything that the scorer had learnt."""
    share: float
    """Probability with which the request was drawn for its audit."""
    scored_by: str
    """What decided: ``form``, ``exact``, ``final``, ``refusal``, ``calls``, ``judge``; empty: nothing did."""
    outcome: str
    """``fine``, ``under_route``, ``over_route`` or ``undecided``."""
    chosen_score: float | None
    """0…1; only its difference to the other means anything. None: undecided."""
    other_score: float | None
    judge: str
    """Model that was asked to compare; empty: none was."""
    cost_usd: str | None
    """What the audit cost us, exact decimal text; None: unknown."""


class Audited(Audit, frozen=True, array_like=True, tag="audited", kw_only=True, gc=False):
    """`Audit` in the journal."""


class Feedback(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a customer said of one answer; of several for one receipt the latest counts, the others are its history."""

    rating_id: str
    """Sorts in the order of making."""
    receipt_id: str
    asked_us: int
    """When the rated request came."""
    at_us: int
    """When it was rated."""
    customer_id: str
    key_id: str
    plan: str
    model: str
    """That gave the answer."""
    lineup: str
    """Hash of the line-up."""
    score: float
    """0 bad … 1 good."""
    label: str
    """``wrong``, ``refused``, ``too_slow``, ``too_dear``; empty: none."""


class Lapse(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A certificate that holds no more, for audits contradict it; it stays so until a scorer is calibrated anew."""

    scorer: str
    """First characters of the digest of the scorer's file, whose certificate it is."""
    reference: str
    """By the scorer's name."""
    group: str
    """Of requests; empty: the pooled certificate."""
    at_us: int
    """When it was found out."""
    lineup: str
    """Hash of the line-up whose audits contradict it."""
    why: str
    """``misroutes``: more under-routes than promised; ``novelty``: more requests unlike anything learnt than its labels had."""
    audits: int
    found: int
    """Audits among them on which it was so."""
    above: float
    """The rate that is contradicted."""


class Answered(msgspec.Struct, frozen=True, gc=False):
    """What the ledger knows of one model's answer to a request."""

    receipt_id: str
    """Of the caller's request, whoever asked for this answer."""
    model: str
    output_tokens: int | None
    cost_usd: str | None


class Rated(Feedback, frozen=True, array_like=True, tag="rated", kw_only=True, gc=False):
    """`Feedback` in the journal."""
