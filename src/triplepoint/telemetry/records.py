"""What metrics and traces read from an attempt's two records.

The records are the ledger's; this room stands below it, so it names the fields that it reads instead of importing them.
"""

from typing import Protocol

from triplepoint.foundation.usage import Usage


class RoutedRecord(Protocol):
    """As `ledger.routed.RoutedRecord`."""

    @property
    def policy(self) -> str:
        """Kind of the router."""
        ...

    @property
    def explored(self) -> bool:
        """Chance chose the model."""
        ...

    @property
    def is_certified(self) -> bool:
        """The choice stands under a certificate."""
        ...


class OpenedRecord(Protocol):
    """As `ledger.model.Opened`."""

    @property
    def receipt_id(self) -> str:
        """Id of the request's receipt."""
        ...

    @property
    def attempt(self) -> int:
        """Number within the receipt, from 1."""
        ...

    @property
    def customer_id(self) -> str:
        """Who pays."""
        ...

    @property
    def endpoint(self) -> str:
        """Path that was called."""
        ...

    @property
    def served_model(self) -> str:
        """Name in the line-up."""
        ...

    @property
    def upstream(self) -> str:
        """Name of the upstream."""
        ...

    @property
    def upstream_model(self) -> str:
        """Name of the model there."""
        ...

    @property
    def lineup(self) -> str:
        """Hash of the line-up."""
        ...

    @property
    def stream(self) -> bool:
        """The answer is streamed."""
        ...

    @property
    def plan(self) -> str:
        """Plan of the customer; empty where there are no plans."""
        ...

    @property
    def routed(self) -> RoutedRecord | None:
        """How the router decided; None where the caller named the model, and on later attempts."""
        ...

    @property
    def audit_of(self) -> str:
        """Receipt that it audits; empty: it is a caller's."""
        ...


class ClosedRecord(Protocol):
    """As `ledger.model.Closed`."""

    @property
    def outcome(self) -> str:
        """How it ended."""
        ...

    @property
    def status(self) -> int:
        """HTTP status that the upstream gave; 0 without one."""
        ...

    @property
    def error(self) -> str | None:
        """Code of our error."""
        ...

    @property
    def usage(self) -> Usage:
        """Tokens."""
        ...

    @property
    def cost_usd(self) -> str | None:
        """Exact decimal text; None: unknown."""
        ...

    @property
    def first_byte_us(self) -> int | None:
        """Duration to the first byte of the answer."""
        ...

    @property
    def total_us(self) -> int:
        """Duration of the attempt."""
        ...

    @property
    def finish_reason(self) -> str | None:
        """Why the model stopped."""
        ...
