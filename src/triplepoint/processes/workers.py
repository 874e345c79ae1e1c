"""``triplepoint gateway --workers N``: several gateways on one port, for a machine that runs no control plane.

This process starts them, starts again what dies, passes SIGHUP on, and takes their journal into the database that machines
share. It serves nothing itself.
"""

import logging
import signal
import threading
import time
from pathlib import Path
from types import FrameType

from triplepoint.app import Installation, open_installation
from triplepoint.configuration.check_settings import workers_faults
from triplepoint.foundation.errors import Problem, SettingsInvalid, TriplepointError
from triplepoint.ledger.drain import Drainer
from triplepoint.processes.children import Child, gateway_children
from triplepoint.processes.gateway import run_gateway
from triplepoint.processes.parent import die_with_parent
from triplepoint.settings import SETTINGS_FILE, Settings
from triplepoint.telemetry.logs import configure_logging

_LOOK_S = 0.2
_log = logging.getLogger(__name__)


def check_workers(settings: Settings, workers: int) -> None:
    """Refuse several gateways where each would count for itself.

    Args:
        settings: What the file says.
        workers: How many are asked for.
    Raises: SettingsInvalid: with what to write.
    """
    faults = workers_faults(settings, workers)
    if faults:
        raise SettingsInvalid([Problem(str(SETTINGS_FILE), 0, ".".join(key), message, fix) for key, message, fix in faults])


def run_gateways(folder: Path, workers: int | None) -> None:
    """Run gateways until asked to stop (SIGTERM or SIGINT); a single one on SQLite is this process itself.

    Args:
        folder: Of ``triplepoint.yaml``.
        workers: How many; None: as many as the settings say.
    Raises:
        SettingsInvalid: several may not run with these settings.
        TriplepointError: one of them dies again and again.
    """
    with open_installation(folder) as installation:
        count = workers or installation.settings.gateway.workers
        check_workers(installation.settings, count)
        if count > 1 or installation.settings.database is not None:
            _look_after_all(folder, installation, count)
            return
    run_gateway(folder)


def _look_after_all(folder: Path, installation: Installation, count: int) -> None:
    die_with_parent()
    configure_logging(installation.settings.telemetry.log_level)
    children = gateway_children(folder, count)
    stopping = _catch_signals(children)
    drainer = _drainer(installation)
    try:
        for child in children:
            child.launch()
        while not stopping.wait(_LOOK_S):
            _look_after(children)
    finally:
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.await_end()
        if drainer is not None:
            drainer.stop()


def _drainer(installation: Installation) -> Drainer | None:
    """Take the journal of this machine into the shared database; with SQLite that is the control plane's work."""
    if installation.settings.database is None:
        return None
    drainer = Drainer(installation.data, installation.ledger, meter=installation.meter)
    drainer.start()
    return drainer


def _look_after(children: list[Child]) -> None:
    for child in children:
        code = child.ended()
        if code is None:
            continue
        if child.dies_too_often():
            raise TriplepointError(f"the {child.name} does not stay up; it ended with {code}", code="process_failed")
        _log.error("%s ended with %d; starting it again", child.name, code)
        time.sleep(child.pause_s())
        child.launch()


def _catch_signals(children: list[Child]) -> threading.Event:
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    def load_again(number: int, _frame: FrameType | None) -> None:
        for child in children:
            if child.process is not None and child.process.poll() is None:
                child.process.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    signal.signal(signal.SIGHUP, load_again)
    return stopping
