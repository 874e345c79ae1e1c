"""Certificates: how far a router may go below the strongest model, and what was counted to know it.

The *reference* of a request is the strongest of its candidates, in line-up order, that the scorer knows. The *risk* of a weaker
model is the probability that the reference's answer is good and its own is bad. A weaker model may serve only where its risk is
at most the certificate's threshold. What is promised is the *misroute rate*: the share, of all requests of the group, on which
the reference had been good and the model that served is bad.
"""

import datetime
from collections.abc import Collection, Iterable, Mapping
from typing import Final

import msgspec

POOLED: Final = ""
"""Group of a certificate that stands for several small groups together."""


def risk(reference_quality: float, quality: float) -> float:
    """Return the probability that the reference is good and a weaker model bad, both taken as independent.

    They are not quite independent. A threshold that was calibrated on this same number holds all the same: it asks for no more
    than an order.
    """
    return reference_quality * (1.0 - quality)


class Certificate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One promise for the requests of one reference and one group, with its evidence."""

    misroute: float
    """What is promised: the misroute rate among all requests of the group is at most this share."""
    confidence: float
    """Probability, over the draw of the labels, that the promise is true; of this certificate alone, not of several at once."""
    reference: str
    """Strongest model of the requests that it is about, by the scorer's name."""
    models: tuple[str, ...]
    """Weaker models that it covers, in the order weakest first; any other is not allowed under the promise."""
    group: str = POOLED
    """Group of requests, as the scorer has it; `POOLED`: all of ``groups`` together."""
    groups: tuple[str, ...] = ()
    """What is pooled: groups with too few labels for a certificate of their own, and ``""``, the requests of no group, where
    there were any. It promises nothing of each of them by itself, and nothing of a group that is not named."""
    threshold: float | None
    """Largest risk at which a weaker model may serve; None: no threshold keeps the promise, so the reference serves."""
    labels: int
    """Requests that it was worked out from."""
    unjudged: int = 0
    """Those of them on which some answer was not judged, and so counted as whatever would hurt."""
    misroutes: int
    """Those of them on which, at this threshold, the worst choice among the allowed models is a misroute, or may be."""
    bound: float
    """Exact upper bound of the misroute rate with that confidence; 1 where there is no threshold."""
    downgraded: float
    """Share of the labels on which a weaker model is allowed at this threshold."""
    novel: int = 0
    """Labels on which the scorer had no signal; many more of them on live traffic is drift."""
    data: str
    """SHA-256 of the data set of the labels."""
    scorer: str
    """SHA-256 of the scorer's file without certificates."""
    date: datetime.date
    """Day (UTC) of the calibration."""
    note: str = ""
    """What it does not say, in words."""

    def allows(self, model: str, risk: float) -> bool:
        """Tell whether a weaker model may serve at this risk; a risk that is no number is not allowed."""
        return self.threshold is not None and risk <= self.threshold and model in self.models


class Certificates(msgspec.Struct, frozen=True, gc=False):
    """All certificates of a scorer, as its file holds them under the metadata key ``certificates``."""

    entries: tuple[Certificate, ...] = ()

    def promised(self, *, misroute: float, confidence: float, lapsed: Collection[tuple[str, str]] = ()) -> "Promised":
        """Return what keeps a promise; a certificate of a stricter one keeps it too, where there is none of exactly this one.

        Args:
            misroute: Largest misroute rate, 0…1.
            confidence: Least confidence, 0…1.
            lapsed: Reference and group of certificates that drift or audits contradict; ``(reference, "")`` is the pooled one.
        """
        kept = [entry for entry in self.entries if entry.misroute <= misroute and entry.confidence >= confidence]
        kept.sort(key=lambda entry: (entry.misroute, -entry.confidence))
        return Promised({(entry.reference, entry.group): entry for entry in kept}, frozenset(lapsed))

    def replacing(self, fresh: Iterable["Certificate"]) -> "Certificates":
        """Return these with fresh ones instead of all earlier ones of the same promise and reference."""
        fresh = tuple(fresh)
        renewed = {(entry.misroute, entry.confidence, entry.reference) for entry in fresh}
        kept = (e for e in self.entries if (e.misroute, e.confidence, e.reference) not in renewed)
        return Certificates((*kept, *fresh))


class Promised:
    """The certificates of one promise, looked up by reference and group; immutable, made once for each snapshot."""

    def __init__(self, entries: Mapping[tuple[str, str], Certificate], lapsed: frozenset[tuple[str, str]]) -> None:
        pooled = {(e.reference, small): e for e in entries.values() if e.group == POOLED for small in e.groups}
        own = {key: entry for key, entry in entries.items() if entry.group != POOLED}
        self._found = {key: e for key, e in (pooled | own).items() if (e.reference, e.group) not in lapsed}

    def find(self, reference: str, group: str) -> Certificate | None:
        """Return the group's own certificate, else the pooled one if it has the group; None: nothing is promised.

        A group with a certificate of its own never falls back on the pooled one, also where its own allows nothing or has
        lapsed.
        """
        return self._found.get((reference, group))

    def threshold(self, reference: str, group: str) -> float | None:
        """Return the largest risk at which a weaker model may serve; None: the reference must."""
        entry = self._found.get((reference, group))
        return None if entry is None else entry.threshold


def encode_certificates(certificates: Certificates) -> str:
    """Write certificates as JSON, as a scorer's file keeps them."""
    return msgspec.json.encode(certificates).decode()


def decode_certificates(text: str) -> Certificates:
    """Read certificates from JSON.

    Raises: msgspec.DecodeError: it is not that; ValidationError, which is one, says where.
    """
    return msgspec.json.decode(text, type=Certificates)
