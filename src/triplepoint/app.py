"""The composition root: opens an installation's stores and hands the adapters to the rooms.

An installation is a folder with ``triplepoint.yaml`` in it. Commands, the gateway and the control plane all begin here::

    with open_installation(Path(".")) as installation:
        installation.access.live_keys()
"""

import http.client
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Self

import msgspec
import sqlalchemy as sa

from triplepoint.access.secret import installation_secret
from triplepoint.access.service import AccessService
from triplepoint.access.store import SqlAccessStore
from triplepoint.configuration.current_lineup import CurrentLineup
from triplepoint.configuration.load import load_configuration, read_plans
from triplepoint.configuration.model import Configuration, LoadedLineup, LoadedPlans, variable_name
from triplepoint.economics.current import CurrentMeter
from triplepoint.economics.earnings import Earnings
from triplepoint.economics.forecast import Forecasts
from triplepoint.economics.payers import ServedPayers
from triplepoint.files.checked import read_file
from triplepoint.foundation.clock import Clock, SystemClock
from triplepoint.foundation.errors import Problem, SettingsInvalid
from triplepoint.foundation.ids import IdFactory, NewId
from triplepoint.gateway.enquiries import Enquiries
from triplepoint.gateway.ops import socket_path
from triplepoint.ledger.audits.store import AuditStore
from triplepoint.ledger.events.make import source_of
from triplepoint.ledger.events.store import EndingStore
from triplepoint.ledger.folder_lock import live_workers
from triplepoint.ledger.spending import LedgerSpending
from triplepoint.ledger.statements.model import Statement
from triplepoint.ledger.statements.render import Form, render
from triplepoint.ledger.statements.service import Statements
from triplepoint.ledger.statements.store import StatementStore
from triplepoint.ledger.store import LedgerStore
from triplepoint.ledger.use import LedgerUse
from triplepoint.lineups.digest import SHOWN
from triplepoint.lineups.model import LearnedRouter
from triplepoint.plans.fees import FeeSchedule
from triplepoint.plans.revisions import PlanRevisions
from triplepoint.plans.service import PlansService
from triplepoint.plans.store import SqlPlansStore
from triplepoint.routing.audits.service import MisrouteService
from triplepoint.routing.audits.watching import AuditedLineup
from triplepoint.settings import SETTINGS_FILE, Settings
from triplepoint.storage.changes import FILES, announce_alone
from triplepoint.storage.engine import open_database, sqlite_url
from triplepoint.telemetry.several import one_answer, one_page, one_status
from triplepoint.telemetry.status import GatewayStatus, Published

_PUBLISH_TIMEOUT_S = 30.0
_ASK_TIMEOUT_S = 2.0


class Installation:
    """The stores of one installation, opened when they are first asked for.

    Args:
        folder: Where ``triplepoint.yaml`` is.
        settings: What it says.
        clock: Time.
    """

    def __init__(self, folder: Path, settings: Settings, *, clock: Clock) -> None:
        self.folder = folder
        self.settings = settings
        self.clock = clock
        self.new_id: NewId = IdFactory(clock.now_us)
        self.data = folder / settings.data
        """Folder for keys, journal and ledger."""
        self.logs = self.data / "logs"
        """Folder of what gateway, control plane and models have to say."""
        self.first_key_file = self.data / "first-key"
        """Where the first key lies, for the commands of this machine."""
        self.machine = f"{socket.gethostname()}:{self.data.absolute()}"
        """Which of the machines that share a database this is."""
        self.gateway = GatewayLink(self)
        """The gateways of this installation, where some run."""

    @cached_property
    def secret(self) -> bytes:
        """What keys are digested under; made on first use."""
        return installation_secret(self.data, os.environ)

    @cached_property
    def database(self) -> sa.Engine:
        """The database, its schema up to date: what the settings name, or a file in the data folder.

        Raises:
            SettingsInvalid: the variable that the settings name is not set.
            StoreFault: it cannot be opened.
        """
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        return open_database(self.database_url or sqlite_url(self.data / "triplepoint.db"))

    @cached_property
    def database_url(self) -> str | None:
        """URL of the database that several machines share, password and all; None: there is none, SQLite serves.

        Raises: SettingsInvalid: the variable that the settings name is not set.
        """
        reference = self.settings.database
        if reference is None:
            return None
        name = variable_name(reference) or ""
        value = os.environ.get(name)
        if not value:
            problem = f"the environment has no {name}"
            raise SettingsInvalid([Problem(str(SETTINGS_FILE), 0, "database", problem, f"export {name}=… before the start")])
        return value

    @cached_property
    def access(self) -> AccessService:
        """Customers, keys, operators, audit log; a change reaches a running gateway at once."""
        return AccessService(
            SqlAccessStore(self.database),
            secret=self.secret,
            clock=self.clock,
            new_id=self.new_id,
            on_change=self._tell_gateway,
            session_s=self.settings.control.session,
        )

    @cached_property
    def plans(self) -> PlansService:
        """Who is on which plan, with which limits and credit; a change reaches a running gateway at once."""
        return PlansService(
            self.access.changes.on(SqlPlansStore(self.database)),
            sold=lambda: read_plans(self.folder),
            spending=LedgerSpending(self.ledger, LedgerUse(self.database)),
        )

    @cached_property
    def ledger(self) -> LedgerStore:
        """Attempts and rollups."""
        return LedgerStore(self.database)

    @cached_property
    def audits(self) -> AuditStore:
        """What audits and customers say of the router's decisions."""
        return AuditStore(self.database)

    @cached_property
    def misroutes(self) -> MisrouteService:
        """How often the router is wrong, and whether that is an alarm; a certificate that lapses reaches the gateways."""
        current = CurrentLineup(self.folder)
        return MisrouteService(self.audits, lambda: audited_lineup(current()), self.clock, on_lapse=self._tell_gateway)

    @cached_property
    def revisions(self) -> PlanRevisions:
        """What ``plans.yaml`` said when; the gateway keeps what it puts in force (`note_plans`)."""
        return PlanRevisions(self.database)

    @cached_property
    def statements(self) -> Statements:
        """What customers owe for a period."""
        self._note_first_plans()
        return Statements(
            StatementStore(self.database), customers=self.access.customers, revisions=self.revisions, clock=self.clock
        )

    @property
    def event_source(self) -> str:
        """``source`` of usage events: what the settings say, or one derived from the secret."""
        return self.settings.billing.source or source_of(self.secret)

    @cached_property
    def endings(self) -> EndingStore:
        """What has ended, in the order in which the ledger learnt of it; for exports."""
        return EndingStore(self.database)

    @cached_property
    def payers(self) -> ServedPayers:
        """Who pays, as margins see it."""
        self._note_first_plans()
        return ServedPayers(self.access, self.plans, self.revisions)

    @cached_property
    def earnings(self) -> Earnings:
        """What plans and customers earned."""
        return Earnings(self.ledger, self.payers, self.clock)

    @cached_property
    def forecasts(self) -> Forecasts:
        """What plans would earn."""
        return Forecasts(self.ledger, self.payers, self.clock)

    @cached_property
    def routing(self) -> Enquiries:
        """What the router is, and what it would make of a request."""
        return Enquiries(
            lambda: load_today(self.folder),
            find_holder=lambda actor, customer: self.plans.find_holder(actor, customer),
            status=self.gateway.status,
            lapses=lambda: self.audits.lapses(),
            clock=self.clock,
        )

    def models(self) -> list[str]:
        """Return the models of the active line-up, weakest first.

        Raises: SettingsInvalid: the files are wrong.
        """
        return list(load_today(self.folder).lineup.models)

    def render_statement(self, statement: Statement, form: Form) -> bytes:
        """Write a statement with this installation's letterhead.

        Raises: RequestInvalid: PDF without fpdf2, or with letters that its font lacks.
        """
        return render(statement, form, billing=self.settings.billing, folder=self.folder)

    def _note_first_plans(self) -> None:
        """Where no gateway has run with plans yet, what the file says now is all there is to go by."""
        if not self.revisions.all():
            with suppress(SettingsInvalid):
                self.note_plans(load_today(self.folder).plans)

    def note_plans(self, plans: LoadedPlans | None) -> None:
        """Keep what ``plans.yaml`` says as in force from now on, unless it is already."""
        schedule = None if plans is None else FeeSchedule.of(plans.file)
        self.revisions.note(schedule, digest="" if plans is None else plans.digest, now_us=self.clock.now_us())

    @cached_property
    def meter(self) -> CurrentMeter:
        """Says what an attempt took in energy, when the ledger takes it in; it follows the settings file."""
        return CurrentMeter(self.folder, self.settings)

    def close(self) -> None:
        """Close the database."""
        if "database" in self.__dict__:
            self.database.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _tell_gateway(self) -> None:
        if self.settings.database is None:  # with one, the change itself has told the gateways of all machines
            self.gateway.publish_access()


def open_installation(folder: Path, *, clock: Clock | None = None) -> Installation:
    """Open the installation in a folder.

    Only ``triplepoint.yaml`` is read, not what it names, so that a key can be revoked while a line-up file is broken.

    Raises: SettingsInvalid: it is missing or wrong.
    """
    if not (folder / SETTINGS_FILE).is_file():
        fix = "run 'triplepoint init' to write one, or name its folder with -C"
        raise SettingsInvalid([Problem(str(SETTINGS_FILE), 0, "", "is not there", fix)])
    reading = read_file(folder / SETTINGS_FILE, Settings, name=str(SETTINGS_FILE))
    if reading.value is None:
        raise SettingsInvalid(list(reading.problems))
    return Installation(folder, reading.value, clock=clock or SystemClock())


def load_today(folder: Path) -> Configuration:
    """Load a folder's configuration with this process's environment and the prices of today (UTC).

    Raises: SettingsInvalid: with every problem of every file.
    """
    return load_configuration(folder, os.environ, datetime.now(UTC).date())


def audited_lineup(loaded: LoadedLineup) -> AuditedLineup | None:
    """Return a line-up as its audits are held against it; None where its router has no audit."""
    router = loaded.lineup.router
    if router is None or router.audit is None:
        return None
    learnt, promise = loaded.learnt, router.promise if isinstance(router, LearnedRouter) else None
    promised = None
    if learnt is not None and promise is not None:
        promised = learnt.certificates.promised(misroute=promise.misroute, confidence=promise.confidence)
    return AuditedLineup(
        name=loaded.lineup.lineup,
        hash=loaded.hash,
        alarm_above=router.audit.alarm_above,
        share=router.audit.share,
        scorer=learnt.scorer.digest[:SHOWN] if learnt is not None else "",
        promised=promised,
    )


class GatewayLink:
    """What the control plane and the commands ask of the gateways: of this machine, and through the database of all.

    Args:
        installation: Whose.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._here = GatewaySocket(installation.data)
        self.publish_access = self._here.publish_access
        self.status = self._here.status
        self.metrics = self._here.metrics

    def publish(self) -> Published | None:
        """Have files and keys loaded again here, and other machines told that files changed; None where none runs here."""
        answer = self._here.publish()
        if self._installation.settings.database is not None:
            announce_alone(self._installation.database, FILES, origin=self._installation.machine)
        return answer


class GatewaySocket:
    """Talks to the gateways of a data folder over their sockets, as if they were one; says None where none runs."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def publish(self) -> Published | None:
        """Have files and keys loaded again; None where no gateway runs."""
        return self._publish("/publish")

    def publish_access(self) -> Published | None:
        """Have what is in the database loaded again, keys above all; None where no gateway runs."""
        return self._publish("/publish/access")

    def status(self) -> GatewayStatus | None:
        """Ask how they are."""
        answers = self._ask("GET", "/status", _ASK_TIMEOUT_S)
        return one_status({worker: msgspec.json.decode(answer, type=GatewayStatus) for worker, answer in answers.items()})

    def metrics(self) -> bytes | None:
        """Ask for their metrics, as Prometheus text."""
        return one_page(self._ask("GET", "/metrics", _ASK_TIMEOUT_S))

    def _publish(self, path: str) -> Published | None:
        answers = self._ask("POST", path, _PUBLISH_TIMEOUT_S).values()
        return one_answer([msgspec.json.decode(answer, type=Published) for answer in answers])

    def _ask(self, method: str, path: str, timeout_s: float) -> dict[int, bytes]:
        """Ask every worker at once; those that do not answer are left out."""
        workers = list(live_workers(self._data)) or [1]
        with ThreadPoolExecutor(len(workers)) as pool:
            asked = [pool.submit(_ask_one, socket_path(self._data, worker), method, path, timeout_s) for worker in workers]
            answers = [one.result() for one in asked]
        return {worker: answer for worker, answer in zip(workers, answers, strict=True) if answer is not None}


def _ask_one(path: Path, method: str, target: str, timeout_s: float) -> bytes | None:
    connection = _UnixConnection(path, timeout_s)
    try:
        connection.request(method, target)
        return connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket file."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
