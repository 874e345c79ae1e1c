"""``triplepoint up``: writes what is missing, starts gateway and control plane, fetches models, shows each request, stops all.

The two processes are children in sessions of their own: Ctrl-C reaches this process alone, which then stops them in order.
If this process is killed, the kernel tells them.
"""

import json
import os
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.markup import escape

from triplepoint import __version__
from triplepoint.access.model import FirstOperator
from triplepoint.app import GatewayLink, Installation, load_today, open_installation
from triplepoint.configuration.discover import discover
from triplepoint.configuration.render import render
from triplepoint.configuration.write import write_files
from triplepoint.files.seed import seed_folder
from triplepoint.foundation.errors import Conflict, TriplepointError
from triplepoint.ledger.folder_lock import live_workers
from triplepoint.ledger.journal import JOURNAL_FOLDER
from triplepoint.ledger.model import AttemptRow
from triplepoint.ledger.receipts import one_line
from triplepoint.ledger.tail import Tail
from triplepoint.processes.children import Child, gateway_children
from triplepoint.processes.listen import parse_listen, reachable
from triplepoint.processes.workers import check_workers
from triplepoint.settings import SETTINGS_FILE, LocalUpstream, Settings
from triplepoint.upstreams.local.cache import FileState, inspect, models_folder
from triplepoint.upstreams.local.catalog import FAMILY
from triplepoint.upstreams.local.pull import Progress, pull

_POLL_S = 0.15
_STATUS_EVERY = 10
_LAST_LINES = 8
_LOGIN_LATER = "log in ('triplepoint operator password admin' sets a new password)"
_START_S = 60.0
_FIRST_MODEL_S = 300.0
_QUESTION = (
    '{"model":"auto","temperature":0,"max_tokens":40,"messages":[{"role":"user","content":"Name the capital of France."}]}'
)


def run_up(folder: Path, *, pull: bool, as_json: bool, workers: int | None = None) -> int:
    """Run everything until Ctrl-C.

    Args:
        folder: Of ``triplepoint.yaml``; written there if there is none.
        pull: Fetch missing model files.
        as_json: Write events as lines of JSON instead of text for people.
        workers: How many gateways; None: as many as the settings say.
    Returns: The exit code.
    Raises: TriplepointError: the files are wrong, or a process does not start.
    """
    screen = Screen(as_json=as_json)
    ensure_configuration(folder, screen)
    configuration = load_today(folder)
    with open_installation(folder) as installation:
        count = workers or installation.settings.gateway.workers
        check_workers(installation.settings, count)
        installation.access.ensure_first_key(installation.first_key_file)
        household = Household(folder, installation, screen, workers=count)
        stopping = _catch_signals()
        try:
            if pull:
                _pull_in_background(configuration.settings, screen)
            with Tail(installation.data / JOURNAL_FOLDER) as tail:
                household.start(stopping)
                _await_first_model(configuration.settings, screen, stopping)
                if not stopping.is_set():
                    # Only now, when it is sure to be seen: the first operator's password is shown once.
                    _greet(installation, installation.access.ensure_first_operator(), screen)
                return _watch(household, installation.gateway, tail, screen, stopping)
        finally:
            household.stop()


def ensure_configuration(folder: Path, screen: "Screen") -> None:
    """Write a configuration of what this machine has, where there is none."""
    if (folder / SETTINGS_FILE).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    files = render(seed_folder(), discover(os.environ), own_price=None, today=datetime.now(UTC).date())
    for path in write_files(folder, files, force=False):
        screen.tell("wrote", f"wrote {path}", path=str(path))


class Screen:
    """The terminal: lines for people, or lines of JSON."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._console = Console(highlight=False, soft_wrap=True)
        self._lock = threading.Lock()

    def tell(self, event: str, text: str, **facts: object) -> None:
        """Show one line; ``facts`` are what JSON says of it."""
        with self._lock:
            if self._as_json:
                self._console.print_json(json.dumps({"event": event, **facts}), indent=None, highlight=False)
            else:
                self._console.print(text)

    def attempt(self, row: AttemptRow) -> None:
        """Show an attempt that ended."""
        facts = {"receipt": row.receipt_id, "asked": row.asked_model, "served": row.served_model, "why": row.decision}
        self.tell("attempt", escape(one_line(row)), **facts, cost_usd=row.cost_usd, outcome=row.outcome)


class Household:
    """The gateways and the control plane as child processes: started, watched, restarted, stopped.

    Args:
        folder: Of ``triplepoint.yaml``.
        installation: Opened; its logs are theirs, for the terminal is for requests.
        screen: The terminal.
        workers: How many gateways.
    """

    def __init__(self, folder: Path, installation: Installation, screen: Screen, *, workers: int = 1) -> None:
        self._settings = installation.settings
        self._data = installation.data
        self._logs = installation.logs
        self._screen = screen
        self._gateways = gateway_children(folder, workers)
        self._control = Child("control", ["control", "--dir", str(folder.absolute())])

    def start(self, stopping: threading.Event) -> None:
        """Start all and wait until they answer.

        Raises: TriplepointError: one of them does not.
        """
        first, *others = self._gateways
        for child, listen in ((first, self._settings.gateway.listen), (self._control, self._settings.control.listen)):
            _refuse_taken_port(child.name, listen)
            self._launch(child)
            self._await(child, f"at http://{reachable(listen)}/healthz", lambda url: _answers(url.split()[-1]), stopping)
        for child in others:
            self._launch(child)
        for worker, child in enumerate(others, 2):
            # The port does not tell who answered; the lock of its place does.
            self._await(child, f"as worker {worker}", lambda _, worker=worker: worker in live_workers(self._data), stopping)

    def watch(self) -> None:
        """Start again what has died.

        Raises: TriplepointError: it dies again and again.
        """
        for child in (*self._gateways, self._control):
            if (code := child.ended()) is not None:
                text = f"{child.name} ended with {code}; starting it again (it says why in {self._log(child)})"
                self._screen.tell("died", escape(text), name=child.name, code=code)
                if child.dies_too_often():
                    raise TriplepointError(
                        f"the {child.name} does not stay up: {self._last_words(child)}", code="process_failed"
                    )
                time.sleep(child.pause_s())
                self._launch(child)

    def stop(self) -> None:
        """Stop all, the control plane last, so that it drains what the gateways wrote."""
        for child in self._gateways:
            child.ask_to_stop()
        for child in self._gateways:
            child.await_end()
        self._control.ask_to_stop()
        self._control.await_end()

    def _launch(self, child: Child) -> None:
        self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        child.launch(self._log(child))

    def _log(self, child: Child) -> Path:
        return self._logs / f"{child.name}.log"

    def _last_words(self, child: Child) -> str:
        """Return the end of a process's log, where it says why it ended."""
        lines = self._log(child).read_text("utf-8", "replace").strip().splitlines()
        return "\n".join(lines[-_LAST_LINES:])

    def _await(self, child: Child, where: str, is_there: Callable[[str], bool], stopping: threading.Event) -> None:
        give_up = time.monotonic() + _START_S
        while not is_there(where) and not stopping.is_set():
            if child.ended() is not None:
                raise TriplepointError(f"the {child.name} did not start:\n{self._last_words(child)}", code="process_failed")
            if time.monotonic() > give_up:
                raise TriplepointError(f"the {child.name} does not answer {where}", code="process_failed")
            time.sleep(0.05)


def _watch(household: Household, gateway: GatewayLink, tail: Tail, screen: Screen, stopping: threading.Event) -> int:
    states: dict[str, str] = {}
    looks = 0
    while not stopping.wait(_POLL_S):
        for row in tail.poll():
            screen.attempt(row)
        household.watch()
        looks += 1
        if looks % _STATUS_EVERY == 0:
            _tell_states(gateway, states, screen)
    screen.tell("stopping", "\nStopping…")
    return 0


def _tell_states(gateway: GatewayLink, states: dict[str, str], screen: Screen) -> None:
    """Say what has changed about the upstreams since the last look."""
    status = gateway.status()
    for upstream in status.upstreams if status is not None else ():
        if states.get(upstream.name) != upstream.state:
            states[upstream.name] = upstream.state
            text = f"[dim]{escape(upstream.name)} is {escape(upstream.state)}[/dim]"
            screen.tell("upstream", text, name=upstream.name, state=upstream.state)


def _catch_signals() -> threading.Event:
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopping


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
            return True
    except urllib.error.HTTPError:
        return False
    except OSError:
        return False


def _refuse_taken_port(name: str, listen: str) -> None:
    """Refuse to start where somebody listens already: what answers there would be taken for our own process.

    Raises: Conflict: somebody does.
    """
    address = parse_listen(reachable(listen))
    try:
        socket.create_connection((address.bare_host, address.port), timeout=1).close()
    except OSError:
        return
    raise Conflict(
        f"another process listens on {listen} already; stop it, or set {name}.listen in {SETTINGS_FILE} to another port",
        code="port_taken",
    )


def _await_first_model(settings: Settings, screen: Screen, stopping: threading.Event) -> None:
    """Wait until something can answer; a model that must be fetched first may take its time."""
    url = f"http://{reachable(settings.gateway.listen)}/readyz"
    give_up = time.monotonic() + _FIRST_MODEL_S
    while not _answers(url) and not stopping.is_set():
        if time.monotonic() > give_up:
            screen.tell("not_ready", "No model is up yet; the gateway answers 503 until one is. 'triplepoint doctor' says why.")
            return
        stopping.wait(0.2)


def _greet(installation: Installation, operator: FirstOperator | None, screen: Screen) -> None:
    settings = installation.settings
    api = f"http://{reachable(settings.gateway.listen)}/v1"
    console = f"http://{reachable(settings.control.listen)}"
    key_file = installation.first_key_file
    key = key_file.read_text("utf-8").strip() if key_file.is_file() else None
    shown = key or "(triplepoint key create)"
    password = operator.password.reveal() if operator is not None else None
    login = f"log in as [bold]admin[/bold] with [bold]{escape(password)}[/bold] (shown once)" if password else _LOGIN_LATER
    curl = (
        f"curl -s {api}/chat/completions -H 'content-type: application/json' \\\n"
        f"       -H 'authorization: Bearer {shown}' \\\n       -d '{_QUESTION}'"
    )
    text = (
        f"\n[bold]Triplepoint {__version__}[/bold] is up. Ctrl-C stops it.\n"
        f"  API      {api}   key [bold]{escape(shown)}[/bold]\n"
        f"  Console  {console}   {login}\n"
        f"  Try it:\n     {escape(curl)}\n"
        f"  Or, in another terminal: [bold]triplepoint chat[/bold], [bold]triplepoint demo[/bold]\n"
    )
    screen.tell("up", text, api=api, console=console, key=key, password=password)


def _pull_in_background(settings: Settings, screen: Screen) -> None:
    wanted = [u.gguf for u in settings.upstreams.values() if isinstance(u, LocalUpstream) and u.gguf in FAMILY]
    missing = [
        tier for tier in FAMILY if tier in wanted and inspect(FAMILY[tier], models_folder()).state is not FileState.READY
    ]
    if missing:
        threading.Thread(target=_pull_all, args=(missing, screen), name="pull", daemon=True).start()


def _pull_all(tiers: list[str], screen: Screen) -> None:
    for tier in tiers:
        size = FAMILY[tier].size_bytes / 1e6
        screen.tell("pull", f"fetching {tier} ({size:.0f} MB)", tier=tier, share=0.0)
        try:
            pull(tier, cache=models_folder(), on_progress=_Quarters(tier, screen))
            screen.tell("pulled", f"{tier} is here; it joins the line-up as it comes up", tier=tier)
        except TriplepointError as error:
            text = f"{tier} could not be fetched: {error.message}\n  the others go on without it"
            screen.tell("pull_failed", escape(text), tier=tier, code=error.code)


class _Quarters:
    """Tells a pull's progress four times."""

    def __init__(self, tier: str, screen: Screen) -> None:
        self._tier = tier
        self._screen = screen
        self._told = 0

    def __call__(self, progress: Progress) -> None:
        quarter = int(4 * progress.done_bytes / max(progress.total_bytes, 1))
        if self._told < quarter < 4:
            self._told = quarter
            self._screen.tell("pull", f"fetching {self._tier}: {quarter * 25} %", tier=self._tier, share=quarter / 4)
