"""Looks at the audits again and again while the control plane runs, so that an alarm waits for nobody to ask."""

import logging
import threading

from triplepoint.routing.audits.service import MisrouteService

LOOK_INTERVAL_S = 5.0
_log = logging.getLogger(__name__)


class Watchman:
    """A thread that looks.

    Args:
        misroutes: What looks.
        interval_s: Pause between looks.
    """

    def __init__(self, misroutes: MisrouteService, *, interval_s: float = LOOK_INTERVAL_S) -> None:
        self._misroutes = misroutes
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="misroutes", daemon=True)
        self._fault: str | None = None

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def stop(self) -> None:
        """End; idempotent."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def state(self) -> str:
        """Say for people how it is: ``ok`` or what is wrong; a fault is tried again at every interval."""
        return self._fault or "ok"

    def _run(self) -> None:
        while not self._stop.wait(self._interval_s):
            try:
                self._misroutes.look()
            except Exception as error:  # noqa: BLE001 - nobody waits for this thread; whatever it is, it is said and tried again
                self._note(f"{type(error).__name__}: {error}")
            else:
                self._note(None)

    def _note(self, fault: str | None) -> None:
        if fault is not None and fault != self._fault:
            _log.error("audits cannot be looked at: %s", fault)
        elif fault is None and self._fault is not None:
            _log.warning("audits can be looked at again")
        self._fault = fault
