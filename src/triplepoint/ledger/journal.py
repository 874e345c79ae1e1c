"""The journal, as the gateway writes it: one ``write`` a record, no waiting for the disk.

What ``write`` has taken survives the death of the process, for it is the kernel's. To survive the death of the machine it
must be on disk: a thread forces written records there together, every ``fsync`` interval, so that a power cut costs at most
the last interval.

Where the disk is full (or fails otherwise) the journal is in trouble, says so in `state`, and tries again by itself, each
interval:

- Under ``stop`` no *opened* record is taken: `write` raises, and the attempt is not sent.
- Under ``continue`` records wait in memory, in order and up to a bound; only beyond it `write` raises.
- A *closed* record is always taken: its attempt has been sent. It waits in memory; if the process dies before the disk
  has room again, the attempt is settled as interrupted. Those in flight bound their number. So it is with what came of an
  *audit*. A *rating* is refused as an opened record is: its customer can send it again.

A frame that was written in part is cut off again; where even that fails a new segment begins, and the reader skips the torn
end.
"""

import errno
import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Self

from triplepoint.foundation.errors import StoreFault
from triplepoint.ledger.audits.model import Rated
from triplepoint.ledger.folder_lock import FolderLock, gateway_lock
from triplepoint.ledger.framing import SegmentName, frame_into
from triplepoint.ledger.model import JournalRecord, Opened
from triplepoint.settings import JournalSettings, WhenFull

Write = Callable[[int, bytes | bytearray], int]
"""``os.write``, or what a test puts in its place."""

JOURNAL_FOLDER = "journal"
"""Name of the journal's folder in the data folder."""
BACKLOG_RECORDS = 100_000
"""How many records wait in memory under ``continue``: some 100 MB at most."""

_PROBE = bytes(4096)
_ROTATE_AGAIN_BYTES = 1 << 20
_SLICE_RECORDS = 1000

_log = logging.getLogger(__name__)


class Journal:
    """The journal of one life of one gateway; `write` belongs to the event loop, the rest may be called from any thread."""

    def __init__(self, data: Path, *, boot: str, settings: JournalSettings, worker: int = 1, write: Write = os.write) -> None:
        """Take the data folder and begin a segment.

        Args:
            data: The installation's data folder; the journal is its ``journal`` folder.
            boot: A new name of this life, such as ``new_id("boot")``; never used before on this folder.
            settings: Interval, segment size, what to do when the disk is full.
            worker: Which of the gateways on this data folder it is, from 1; each has segments of its own.
        Raises:
            Conflict: another gateway has the data folder, or this worker's place in it.
            StoreFault: the folder cannot be written.
        """
        self.boot = boot
        self.folder = data / JOURNAL_FOLDER
        self._segment_bytes = settings.segment
        self._room = BACKLOG_RECORDS if settings.when_full is WhenFull.CONTINUE else 0
        self._write = write
        self._buffer = bytearray()
        self._mutex = threading.Lock()  # around the segment and the backlog
        self._flushing = threading.Lock()  # one flush at a time, so that no descriptor is closed under another
        self._backlog: deque[JournalRecord] = deque()
        self._trouble: str | None = None
        self._is_suspect = False
        self._is_dirty = False
        self._sealed: list[int] = []
        self._number = 0
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._owner = FolderLock.acquire(data / gateway_lock(worker), boot=boot)
        except OSError as error:
            raise StoreFault(f"the journal in {self.folder} cannot be opened: {error}", code="journal_closed") from error
        try:
            self._begin_segment()
            _sync_folder(self.folder)
        except OSError as error:
            self._owner.release()
            raise StoreFault(f"the journal in {self.folder} cannot be written: {error}", code="journal_closed") from error
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(settings.fsync,), name="journal-fsync", daemon=True)
        self._thread.start()

    def write(self, record: JournalRecord) -> bytes:
        """Take a record: on return it outlives this process, or waits in memory and `state` says so.

        Returns: The record as it is written, for `framing.record_of`.
        Raises: StoreFault: ``journal_full``: it was not taken, and what it announces must not be done.
        """
        with self._mutex:
            frame_into(self._buffer, record, self._seed)  # also where it will wait: what cannot be written is refused here
            if self._trouble is None:
                try:
                    self._append_frame()
                except OSError as error:
                    self._enter_trouble(error)
                else:
                    return bytes(self._buffer)
            if self._stop.is_set():
                raise StoreFault("the journal is closed; this process is about to end", code="journal_closed")
            if isinstance(record, Opened | Rated) and len(self._backlog) >= self._room:
                raise StoreFault(
                    f"the journal cannot be written ({self._trouble}); free the disk under {self.folder}, it goes on by itself",
                    code="journal_full",
                    retry_after_s=1.0,
                )
            self._backlog.append(record)
            return bytes(self._buffer)

    @property
    def backlog(self) -> int:
        """How many records wait in memory."""
        return len(self._backlog)

    def state(self) -> str:
        """Say for people how it is: ``ok`` or what is wrong."""
        trouble, waiting = self._trouble, len(self._backlog)
        if trouble is None:
            return "ok"
        return f"{trouble}; {waiting} records wait in memory" if waiting else trouble

    def flush(self) -> None:
        """Try to get out of trouble, then force what is written to disk; what the thread does each interval."""
        with self._flushing:
            self._recover()
            self._sync()

    def close(self) -> None:
        """Write what waits, force it to disk, let the data folder go; idempotent."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join()
        self.flush()
        if self._backlog:
            _log.error("journal closed with %d records unwritten: %s", len(self._backlog), self._trouble)
        with self._mutex:
            os.close(self._fd)
            self._trouble = "closed"
        self._owner.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, interval_s: float) -> None:
        while not self._stop.wait(interval_s):
            self.flush()

    def _append_frame(self) -> None:
        buffer = self._buffer
        written = self._write(self._fd, buffer)
        if written != len(buffer):
            raise OSError(errno.ENOSPC, f"the disk took only {written} of {len(buffer)} bytes")
        self._size += written
        self._is_dirty = True
        if self._size >= self._rotate_at:
            self._rotate()

    def _rotate(self) -> None:
        try:
            self._seal_segment()
        except OSError as error:  # this one serves on; records matter more than its size
            self._rotate_at = self._size + _ROTATE_AGAIN_BYTES
            _log.warning("no new journal segment: %s", error)

    def _seal_segment(self) -> None:
        full = self._fd
        self._begin_segment()
        self._sealed.append(full)

    def _begin_segment(self) -> None:
        name = SegmentName(self.boot, self._number + 1)
        self._fd = os.open(self.folder / str(name), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        self._number = name.number
        self._seed = name.seed
        self._size = 0
        self._rotate_at = self._segment_bytes

    def _enter_trouble(self, error: OSError) -> None:
        try:
            os.ftruncate(self._fd, self._size)
        except OSError:  # the reader skips what cannot be cut off; nothing may follow it in this segment
            self._is_suspect = True
        reason = error.strerror or str(error)
        if self._trouble is None:
            _log.error("journal cannot be written: %s", reason)
        self._trouble = reason

    def _recover(self) -> None:
        """Write what waits, oldest first, a slice at a time so that the event loop gets its turn."""
        while self._trouble is not None and not self._recover_slice():
            pass

    def _recover_slice(self) -> bool:
        """Return whether there is nothing more to try now."""
        with self._mutex:
            try:
                if self._is_suspect:
                    self._seal_segment()
                    self._is_suspect = False
                if not self._backlog:
                    self._probe()
                for _ in range(min(_SLICE_RECORDS, len(self._backlog))):
                    frame_into(self._buffer, self._backlog[0], self._seed)
                    self._append_frame()
                    self._backlog.popleft()
            except OSError as error:
                self._enter_trouble(error)
                return True
            if self._backlog:
                return False
            self._trouble = None
            _log.warning("journal can be written again")
            return True

    def _probe(self) -> None:
        """Try the disk with bytes that are no record, and take them back."""
        written = self._write(self._fd, _PROBE)
        os.ftruncate(self._fd, self._size)
        if written != len(_PROBE):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _sync(self) -> None:
        with self._mutex:
            sealed, self._sealed = self._sealed, []
            current = self._fd if self._is_dirty else None
            self._is_dirty = False
        try:
            if sealed:
                _sync_folder(self.folder)
            for fd in sealed:
                os.fdatasync(fd)
            if current is not None:
                os.fdatasync(current)
        except OSError as error:  # the kernel may have dropped those pages: go on in a new segment, and say so
            with self._mutex:
                self._is_suspect = True
                self._enter_trouble(error)
        finally:
            for fd in sealed:
                os.close(fd)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
