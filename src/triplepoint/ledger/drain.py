"""Moving the journal into the ledger, while the gateway writes on.

A drain goes over the segments, boot by boot, takes in what is new, and removes what it is done with: sealed segments of the
gateway that lives, and all those of gateways that are gone, whose attempts without an end it settles as interrupted. It may
be killed at any moment. The next one goes on from the last transaction, and a segment is only removed once all it held is
safe on disk.

That a gateway is gone must be known for certain: its running attempts are about to be charged as interrupted. So the
segments are listed first, then the kernel is asked who holds the data folder, or a worker's place in it. Whoever wrote a listed
segment held it earlier, and had written everything when it let go; a gateway that starts meanwhile has no segment in the list.
"""

import logging
import threading
from dataclasses import dataclass, fields
from itertools import groupby
from pathlib import Path

from triplepoint.foundation.errors import Conflict
from triplepoint.ledger.folder_lock import FolderLock, live_boots
from triplepoint.ledger.framing import SegmentName, list_segments
from triplepoint.ledger.intake import Intake, Meter, Progress
from triplepoint.ledger.journal import JOURNAL_FOLDER
from triplepoint.ledger.reader import SegmentReader
from triplepoint.ledger.store import LedgerStore

DRAIN_LOCK = "drain.lock"
"""Name of the lock in the data folder that a drain holds while it works."""
DRAIN_INTERVAL_S = 0.25
DAMAGED_ENDING = ".damaged"
"""What a drained segment with damage in it is renamed to, for a person to look at; others are removed."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Drained:
    """What one drain did."""

    opened: int = 0
    closed: int = 0
    interrupted: int = 0
    """Attempts settled because their gateway is gone."""
    unmatched: int = 0
    """Closed records without an opened one, set aside."""
    damaged: int = 0
    """Places in segments that were no record and were skipped."""
    torn_bytes: int = 0
    """Ends of writes that the death of a gateway broke off; nobody was told that they stood."""
    segments: int = 0
    """Segments done with and removed."""

    def __add__(self, other: "Drained") -> "Drained":
        return Drained(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})


def drain(data: Path, store: LedgerStore, *, meter: Meter | None = None, wait_s: float = 0.0) -> Drained:
    """Take everything that stands in the journal into the ledger.

    Args:
        data: The installation's data folder.
        store: The ledger.
        meter: Says what ended attempts took in energy; None: nothing is said.
        wait_s: How long to wait for another drain to end.
    Raises:
        Conflict: another process drains.
        StoreFault: journal or database cannot be read or written; what was taken in before stays.
    """
    folder = data / JOURNAL_FOLDER
    if not folder.is_dir():
        return Drained()
    with FolderLock.acquire(data / DRAIN_LOCK, boot="drain", wait_s=wait_s):
        segments = list_segments(folder)
        alive = live_boots(data)
        intake = Intake(store.engine, meter=meter)
        done = Drained()
        for boot, names in groupby(segments, key=lambda name: name.boot):
            done += _drain_boot(folder, intake, list(names), is_alive=boot in alive)
        return done + Drained(closed=intake.match())


def drain_if_free(data: Path, store: LedgerStore, *, meter: Meter | None = None) -> Drained | None:
    """Drain, as `drain` does, unless another process does so now; then return None."""
    try:
        return drain(data, store, meter=meter)
    except Conflict:
        return None


class Drainer:
    """A thread that drains again and again, in the control plane's process."""

    def __init__(
        self, data: Path, store: LedgerStore, *, meter: Meter | None = None, interval_s: float = DRAIN_INTERVAL_S
    ) -> None:
        """Be ready to drain a data folder's journal into the ledger, with a pause between drains."""
        self._data = data
        self._store = store
        self._meter = meter
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger-drain", daemon=True)
        self._fault: str | None = None
        self.done = Drained()
        """What all drains so far did."""

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def stop(self) -> None:
        """Drain once more and end; idempotent."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def state(self) -> str:
        """Say for people how it is: ``ok`` or what is wrong; a fault is tried again at every interval."""
        return self._fault or "ok"

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._stop.wait(self._interval_s)
            try:
                done = drain_if_free(self._data, self._store, meter=self._meter)
            except Exception as error:  # noqa: BLE001 - nobody waits for this thread; whatever it is, it is said and tried again
                self._note(f"{type(error).__name__}: {error}")
            else:
                self._note(None)
                self.done += done or Drained()

    def _note(self, fault: str | None) -> None:
        if fault is not None and fault != self._fault:
            _log.error("drain failed: %s", fault)
        elif fault is None and self._fault is not None:
            _log.warning("drain works again")
        self._fault = fault


def _drain_boot(folder: Path, intake: Intake, names: list[SegmentName], *, is_alive: bool) -> Drained:
    done = Drained()
    finished: dict[SegmentName, Progress] = {}
    for name in names:
        is_final = not is_alive or name != names[-1]
        more, progress = _drain_segment(folder, intake, name, is_final=is_final)
        done += more
        if is_final:
            finished[name] = progress
    if not is_alive:
        done += Drained(interrupted=intake.interrupt(names[0].boot))
    if finished and intake.make_durable():
        for name, progress in finished.items():
            _remove(folder, name, is_damaged=progress.damaged > 0)
        intake.forget(finished)
        done += Drained(segments=len(finished))
    return done


def _drain_segment(folder: Path, intake: Intake, name: SegmentName, *, is_final: bool) -> tuple[Drained, Progress]:
    progress = intake.progress(name)
    done = Drained()
    with SegmentReader(folder, name) as reader:
        is_end = False
        while not is_end:
            batch = reader.read(progress.offset, is_final=is_final)
            is_end = batch.is_end
            if batch.next_offset == progress.offset:
                continue
            taken = intake.take(name, progress, batch)
            progress = Progress(batch.next_offset, progress.damaged + batch.damaged)
            done += Drained(taken.opened, taken.closed, 0, taken.unmatched, batch.damaged, batch.torn_bytes)
    if done.damaged:
        _log.error("%s: %d damaged places skipped before byte %d", folder / str(name), done.damaged, progress.offset)
    return done, progress


def _remove(folder: Path, name: SegmentName, *, is_damaged: bool) -> None:
    path = folder / str(name)
    if is_damaged:
        path.rename(path.with_name(path.name + DAMAGED_ENDING))
    else:
        path.unlink()
