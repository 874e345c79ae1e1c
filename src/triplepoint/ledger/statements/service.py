"""Statements on request: for one customer, for all of them, and which months a customer has one of."""

from collections.abc import Iterator

from triplepoint.access.model import Actor, Customer
from triplepoint.foundation.clock import Clock
from triplepoint.ledger.statements.model import Statement
from triplepoint.ledger.statements.ports import CustomerLookup, FactSource, RevisionLookup
from triplepoint.ledger.statements.reckon import Party, reckon
from triplepoint.ledger.statements.span import Span, month_at, read_span
from triplepoint.plans.fees import Revision, Tenure


class Statements:
    """Makes statements.

    Args:
        store: The facts.
        customers: Who pays.
        revisions: What was sold, when.
        clock: Tells whether a period is over.
    """

    def __init__(self, store: FactSource, *, customers: CustomerLookup, revisions: RevisionLookup, clock: Clock) -> None:
        self._store = store
        self._customers = customers
        self._revisions = revisions
        self._clock = clock

    def make(self, actor: Actor, customer: str, period: str | None = None) -> Statement:
        """Make a customer's statement.

        Args:
            actor: Who asks; anyone who may read.
            customer: Id or name.
            period: As `span.read_span` reads it; None: the month that runs.
        Raises:
            NotFound: there is no such customer.
            RequestInvalid: that is no period.
        """
        found = self._customers.find(actor, customer)
        return self._make(found, self._span(found, period), self._revisions.all())

    def make_all(self, actor: Actor, period: str | None = None) -> Iterator[Statement]:
        """Make the statement of every customer for a period, each in its own time zone, oldest customer first."""
        revisions = self._revisions.all()
        for customer in self._customers.all(actor):
            yield self._make(customer, self._span(customer, period), revisions)

    def make_months(self, actor: Actor, customer: str) -> Iterator[Statement]:
        """Make a customer's statements of all months from its first to the one that runs, newest first."""
        found = self._customers.find(actor, customer)
        revisions = self._revisions.all()
        first_us = min(found.created_us, self._store.first_us(found.id) or found.created_us)
        span = month_at(found.time_zone, self._clock.now_us())
        while span.period.end_us > first_us:
            yield self._make(found, span, revisions)
            span = month_at(found.time_zone, span.period.start_us - 1)

    def _span(self, customer: Customer, period: str | None) -> Span:
        if period is None:
            return month_at(customer.time_zone, self._clock.now_us())
        return read_span(period, customer.time_zone)

    def _make(self, customer: Customer, span: Span, revisions: tuple[Revision, ...]) -> Statement:
        tenure = Tenure(customer.created_us, customer.time_zone, self._store.assignments(customer.id))
        party = Party(customer.id, customer.name, tenure)
        facts = self._store.facts(customer.id, span.period)
        return reckon(party, span, facts, revisions=revisions, now_us=self._clock.now_us())
