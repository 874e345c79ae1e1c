"""What the console needs of others. The services of the admin API fit; the console reads them and changes nothing."""

from collections.abc import Callable
from typing import Protocol

from triplepoint.access.model import Actor
from triplepoint.access.service import AccessService
from triplepoint.ledger.model import AttemptRow, Receipt, Rollup
from triplepoint.routing.audits.report import MisrouteReport
from triplepoint.routing.description import RouterDescription
from triplepoint.routing.enquiry import Enquiry, Reply
from triplepoint.telemetry.status import GatewayStatus


class Ledger(Protocol):
    """What happened; `ledger.store.LedgerStore` is one."""

    def receipt(self, receipt_id: str) -> Receipt | None:
        """Return a receipt, or None where there is none (yet)."""
        ...

    def attempts(self, *, model: str | None = None, limit: int = 100) -> list[AttemptRow]:
        """Return the latest attempts, newest first."""
        ...

    def rollups(self, *, since_us: int | None = None) -> list[Rollup]:
        """Return the rollups of the hours that begin at or after a moment."""
        ...


class Gateway(Protocol):
    """The gateway of this installation."""

    def status(self) -> GatewayStatus | None:
        """Ask how it is; None where no gateway answers. Waits, so it is called from a thread."""
        ...


class Explainer(Protocol):
    """Answers about the router; `gateway.enquiries.Enquiries` is one. Reads files and stores, so it is called from a thread."""

    def describe(self) -> RouterDescription:
        """Describe the router in the files; raises `SettingsInvalid` where they are wrong."""
        ...

    def explain(self, actor: Actor, enquiry: Enquiry) -> Reply:
        """Say what would become of a request, sending nothing; raises `TriplepointError` where it would be refused."""
        ...


class Misroutes(Protocol):
    """What audits found; `routing.audits.service.MisrouteService` is one. Reads the database, so it is called from a thread."""

    def report(self) -> MisrouteReport | None:
        """Report on the active line-up; None where its router has no audit. Raises `SettingsInvalid` where files are wrong."""
        ...


class Services(Protocol):
    """What the composition root has put at ``app.state.services``."""

    @property
    def access(self) -> AccessService:
        """Operators and their sessions, names of customers and keys."""
        ...

    @property
    def ledger(self) -> Ledger:
        """Attempts, receipts, rollups."""
        ...

    @property
    def gateway(self) -> Gateway:
        """The gateway."""
        ...

    @property
    def misroutes(self) -> Misroutes:
        """How often the router is wrong."""
        ...

    @property
    def routing(self) -> Explainer:
        """The router."""
        ...

    @property
    def lineup(self) -> Callable[[], object]:
        """Describes the line-up in the files as JSON values; raises `SettingsInvalid` where the files are wrong."""
        ...
