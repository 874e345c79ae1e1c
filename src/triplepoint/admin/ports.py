"""What the admin API needs of others, beside the access room: a ledger to read, and the gateway it controls."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from triplepoint.access.model import Actor
from triplepoint.access.service import AccessService
from triplepoint.economics.earnings import Earnings
from triplepoint.economics.forecast import Forecasts
from triplepoint.ledger.model import AttemptRow, Outcome, Receipt, Rollup
from triplepoint.ledger.statements.model import Statement
from triplepoint.ledger.statements.render import Form
from triplepoint.ledger.statements.service import Statements
from triplepoint.plans.service import PlansService
from triplepoint.pricing.book import PriceBook
from triplepoint.routing.audits.service import MisrouteService
from triplepoint.routing.description import RouterDescription
from triplepoint.routing.enquiry import Enquiry, Reply
from triplepoint.telemetry.status import GatewayStatus, Published


class LedgerReader(Protocol):
    """What happened; `ledger.store.LedgerStore` is one."""

    def receipt(self, receipt_id: str) -> Receipt | None:
        """Return a receipt, or None where there is none (yet)."""
        ...

    def attempts(
        self,
        *,
        customer_id: str | None = None,
        model: str | None = None,
        outcome: Outcome | None = None,
        since_us: int | None = None,
        before_us: int | None = None,
        limit: int = 100,
    ) -> list[AttemptRow]:
        """Return attempts, newest first."""
        ...

    def rollups(self, *, since_us: int | None = None, until_us: int | None = None) -> list[Rollup]:
        """Return the rollups of the hours that begin in a span, oldest first."""
        ...


class GatewayLink(Protocol):
    """The gateway of this installation, asked over its own socket. Calls wait, so they are made from threads."""

    def publish(self) -> Published | None:
        """Have files and keys loaded again; None where no gateway answers."""
        ...

    def status(self) -> GatewayStatus | None:
        """Ask how it is; None where no gateway answers."""
        ...

    def metrics(self) -> bytes | None:
        """Ask for its metrics as Prometheus text; None where no gateway answers."""
        ...


class Explainer(Protocol):
    """Answers about the router, from threads, for it reads files and stores; `gateway.enquiries.Enquiries` is one."""

    def describe(self) -> RouterDescription:
        """Describe the router of the active line-up.

        Raises: SettingsInvalid: the files are wrong.
        """
        ...

    def explain(self, actor: Actor, enquiry: Enquiry) -> Reply:
        """Say what would become of a request; nothing is sent.

        Raises: TriplepointError: it is no request, there is no such customer or router, or the gateway would refuse it.
        """
        ...


@dataclass(frozen=True, slots=True)
class AdminServices:
    """What the composition root hands to `app.create_admin`."""

    access: AccessService
    plans: PlansService
    ledger: LedgerReader
    gateway: GatewayLink
    lineup: Callable[[], object]
    """Describes the line-up in the files of this installation, as JSON values (msgspec encodes them).

    Raises: SettingsInvalid: the files are wrong.
    """
    statements: Statements
    """What customers owe."""
    render_statement: Callable[[Statement, Form], bytes]
    """Writes a statement with this installation's letterhead."""
    earnings: Earnings
    """What plans and customers earned."""
    forecasts: Forecasts
    """What plans would earn."""
    models: Callable[[], list[str]]
    """Reads the models of the active line-up, weakest first.

    Raises: SettingsInvalid: the files are wrong.
    """
    routing: Explainer
    """What the router is, and what it would make of a request."""
    misroutes: MisrouteService
    """What audits and customers say of the router's decisions."""
    prices: Callable[[], PriceBook]
    """Reads the price book as the files say now.

    Raises: SettingsInvalid: the files are wrong.
    """
