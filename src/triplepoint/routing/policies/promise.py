"""Whom a certificate lets take the place of the strongest.

The reference is the strongest candidate, in line-up order, of those that the scorer knows. Another one may answer where the
certificate for this reference and this group of requests covers it, and its risk, P(reference good) · (1 − P(its own good)), is
at most the certificate's threshold (`routing.guarantee`). The reference is always allowed. Where no certificate holds, the
line-up says: the reference alone, or on without a promise.
"""

import math
from collections.abc import Collection, Mapping, Sequence

from triplepoint.lineups.model import Promise
from triplepoint.routing.guarantee.model import Certificate, Certificates, risk
from triplepoint.routing.policies.weighing import Weight


class Keeper:
    """Keeps a promise.

    Args:
        promise: What the line-up promises.
        certificates: What was calibrated.
        names: The scorer's name of a model of the line-up, where it is another one; certificates use the scorer's.
        lapsed: Reference and group, by the scorer's names, of certificates that drift or audits contradict.
    """

    def __init__(
        self,
        promise: Promise,
        certificates: Certificates,
        *,
        names: Mapping[str, str],
        lapsed: Collection[tuple[str, str]] = (),
    ) -> None:
        self._promised = certificates.promised(misroute=promise.misroute, confidence=promise.confidence, lapsed=lapsed)
        self._names = names
        self._goes_on = promise.lapsed == "continue"
        self._words = f"promise of {promise.misroute * 100:g} % misroutes"

    def keep(self, weights: Sequence[Weight], group: str) -> tuple[bool, str]:
        """Disallow candidates that no certificate lets answer, in place.

        Args:
            weights: Candidates, weakest first; where the scorer knows none, the strongest of all is the reference.
            group: Of the request.
        Returns: Whether a certificate holds here, and what the reason of the decision adds of it.
        """
        reference = next((one for one in reversed(weights) if not math.isnan(one.quality)), weights[-1])
        certificate = self._promised.find(self._name(reference.model), group)
        if certificate is None and self._goes_on:
            return False, "no certificate holds, so nothing is promised"
        for one in weights:
            if one.is_allowed and one is not reference and not self._allows(certificate, reference, one):
                one.is_allowed, one.why_not = False, self._words if certificate is not None else "no certificate holds"
        if not any(one.is_allowed for one in weights):
            reference.is_allowed, reference.why_not = True, ""
        return certificate is not None, self._words if certificate is not None else "no certificate holds, so the strongest"

    def _allows(self, certificate: Certificate | None, reference: Weight, one: Weight) -> bool:
        if certificate is None:
            return False
        return certificate.allows(self._name(one.model), risk(reference.quality, one.quality))

    def _name(self, model: str) -> str:
        return self._names.get(model, model)
