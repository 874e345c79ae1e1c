"""A request that was let in: what is held for it, what it is charged by, and what it comes to in the end."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from triplepoint.foundation.money import EXACT, ZERO, money_text
from triplepoint.foundation.usage import Usage
from triplepoint.gateway.choice import Choice
from triplepoint.gateway.snapshot import TargetRoute
from triplepoint.gateway.worst import known_part
from triplepoint.ledger.model import Outcome
from triplepoint.plans.amounts import of_units, to_units
from triplepoint.plans.counters.model import Hold
from triplepoint.plans.limits import Limit
from triplepoint.plans.model import Unit
from triplepoint.plans.terms import Terms
from triplepoint.pricing.charge import AT_COST, ChargeTerms


class Admitted(msgspec.Struct):
    """A request on its plan."""

    terms: Terms
    """Its key's."""
    choice: Choice
    """The model that it was let in for, after any ladder."""
    charge: ChargeTerms
    """What it is charged by."""
    limits: Sequence[Limit | None] = ()
    """Limit of each claim; None where the claim is of a grant of credit."""
    holds: tuple[Hold, ...] = ()
    """What is held, by position of the claim."""
    longest: int | None = None
    """Bound of the answer that the upstream must be told; None where the request's own, or none, will do."""
    notices: list[str] = []
    """What the caller is told in words; part of the receipt."""
    downgraded_from: str | None = None
    """Model that it would have got."""
    unreserved: bool = False
    """The counters are away and nothing is held."""
    audit_of: str = ""
    """Receipt that it audits; empty: it is a caller's."""
    held_usd: str = ""
    """Of an audit: what is held for each attempt, decimal text."""
    escalated_from: str | None = None
    """Weaker model whose answer to the same request would not do."""
    _credit: list[Hold] = []
    """What is held of grants of credit, in the order in which they pay."""
    _answered: int = 0
    _tokens: int = 0
    _charged: Decimal = ZERO
    _cost: Decimal = ZERO
    _energy: int = 0

    def __post_init__(self) -> None:
        if None in self.limits:
            self._credit = [hold for hold in self.holds if self.limits[hold.claim] is None]

    @property
    def burns_from(self) -> str:
        """Return the grant that pays first; empty where the charge is not prepaid."""
        return self._credit[0].counter if self._credit else ""

    def charge_rate(self, target: TargetRoute) -> str:
        """Return what a million tokens of input are charged, as the journal writes it."""
        if self.charge is AT_COST:
            return target.input_usd_per_mtok
        model, rates = self.choice.route.name, self.terms.charge_rates
        place = (model, target.price.id, self.charge is self.terms.charge)
        rate = rates.get(place)
        if rate is None:
            rate = rates[place] = self.charge.input_usd_per_mtok(model, target.price.input_usd_per_mtok)
        return rate

    def end(
        self, outcome: Outcome, usage: Usage, cost: Decimal | None, target: TargetRoute, at_us: int
    ) -> tuple[Decimal | None, dict[str, str]]:
        """Take in how an attempt ended.

        Returns: What it is charged (None: unknown), and which grants of credit pay how much of that.
        """
        charge = self._charge_usd(outcome, usage, cost, target, at_us)
        if self.holds:
            self._count(outcome, usage, cost, charge, target, at_us)
        return charge, self._burn(charge) if self._credit else {}

    def _charge_usd(
        self, outcome: Outcome, usage: Usage, cost: Decimal | None, target: TargetRoute, at_us: int
    ) -> Decimal | None:
        """Return what an attempt is charged.

        A failed attempt is charged nothing, an answer that broke off what is known of it. None: unknown, because the usage or
        the cost is.
        """
        if outcome is Outcome.FAILED:
            return ZERO
        if usage.output_tokens is None and usage.input_tokens is not None:
            usage = known_part(usage)
            cost = target.price.cost_usd(usage, at_us)
        return self.charge.charge_usd(self.choice.route.name, usage, cost, at_us)

    def _burn(self, charge: Decimal | None) -> dict[str, str]:
        """Say which grants of credit pay a charge, in their order; what goes beyond what is held is the last one's."""
        if not charge:
            return {}
        burnt: dict[str, str] = {}
        left = charge
        for hold in self._credit:
            part = left if hold is self._credit[-1] else min(left, of_units(hold.amount, Unit.CHARGE_USD))
            if part:
                burnt[hold.counter] = money_text(part)
            left = EXACT.subtract(left, part)
        return burnt

    def _count(
        self,
        outcome: Outcome,
        usage: Usage,
        cost: Decimal | None,
        charge: Decimal | None,
        target: TargetRoute,
        at_us: int,
    ) -> None:
        """Add an attempt that has ended to what the request comes to."""
        self._answered |= outcome is not Outcome.FAILED
        self._tokens += (usage.input_tokens or 0) + (usage.output_tokens or 0)
        units = self.terms.units
        if charge:
            self._charged = EXACT.add(self._charged, charge)
        if Unit.COST_USD in units:
            if cost is None and usage.input_tokens is not None:
                cost = target.price.cost_usd(known_part(usage), at_us)
            self._cost = EXACT.add(self._cost, cost or ZERO)
        if Unit.ENERGY_WH in units and target.energy is not None:
            self._energy += target.energy.energy_nwh(usage) or 0

    def actuals(self) -> list[int]:
        """Return what was used of each hold, in their order."""
        charge = to_units(self._charged, Unit.CHARGE_USD) if self._charged else 0
        cost = to_units(self._cost, Unit.COST_USD) if self._cost else 0
        tokens = self._tokens
        by_measure = (1, tokens, self._answered, tokens, charge, cost, self._energy)
        if self._credit:
            return self._actuals_with_credit(by_measure, charge)
        limits = self.limits
        return [by_measure[limit.measure] for hold in self.holds if (limit := limits[hold.claim]) is not None]

    def _actuals_with_credit(self, by_measure: tuple[int, ...], charge: int) -> list[int]:
        found: list[int] = []
        for hold in self.holds:
            limit = self.limits[hold.claim]
            if limit is not None:
                found.append(by_measure[limit.measure])
                continue
            part = charge if hold is self._credit[-1] else min(charge, hold.amount)
            charge -= part
            found.append(part)
        return found
