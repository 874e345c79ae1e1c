"""One process on a folder: the second is refused, and told who was first.

The lock is the kernel's (``flock``): it goes with the process, however that dies. What stands in the file is only for
people, and for the drain, which must know which gateway's life (boot) is still going on. The file stays when the lock is
released; to remove it would let two processes hold two files of one name.
"""

import errno
import fcntl
import os
import re
import time
from pathlib import Path
from typing import Self

import msgspec

from triplepoint.foundation.errors import Conflict

GATEWAY_LOCK = "gateway.lock"
"""Name of the lock in the data folder that a gateway holds while it lives: the only one, or the first of several workers."""
_WORKER_LOCK = re.compile(r"gateway(?:-(\d+))?\.lock")

_POLL_S = 0.005
_HOLDER_BYTES = 256


class Holder(msgspec.Struct, frozen=True):
    """Who holds a lock."""

    pid: int = 0
    boot: str = ""
    """The holder's life; empty in the instant between taking the lock and writing this."""


class FolderLock:
    """A lock that is held; let go by `release`, by leaving its ``with`` block, or by the end of the process."""

    def __init__(self, fd: int, boot: str) -> None:
        self._fd = fd
        self.boot = boot

    @classmethod
    def acquire(cls, path: Path, *, boot: str, wait_s: float = 0.5) -> Self:
        """Take the lock.

        Args:
            path: Lock file; made where it is missing, in a folder that exists.
            boot: Name of this life of this process, written into the file.
            wait_s: How long to try; longer than the instant for which `holder_of` or a drain takes it.
        Raises: Conflict: another holds it.
        """
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _flock_within(fd, wait_s)
        except OSError as error:
            holder = _read_holder(fd)
            os.close(fd)
            if error.errno not in {errno.EAGAIN, errno.EACCES}:
                raise
            raise Conflict(
                f"{path.parent} is in use by process {holder.pid or 'unknown'} ({holder.boot or 'just starting'}); "
                f"stop that process, or use another folder",
                code="folder_in_use",
            ) from error
        text = msgspec.json.encode(Holder(os.getpid(), boot)).ljust(_HOLDER_BYTES)
        try:
            os.pwrite(fd, text, 0)
        except OSError:
            os.close(fd)
            raise
        return cls(fd, boot)

    def release(self) -> None:
        """Let go; idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def holder_of(path: Path) -> Holder | None:
    """Say who holds a lock at this moment; None: nobody."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_holder(fd)
    else:
        return None
    finally:
        os.close(fd)


def gateway_lock(worker: int) -> str:
    """Return the name of the lock of a worker, from 1."""
    return GATEWAY_LOCK if worker == 1 else f"gateway-{worker}.lock"


def live_workers(data: Path) -> dict[int, Holder]:
    """Return the gateways that run on a data folder, by the number of the worker."""
    found = (_WORKER_LOCK.fullmatch(path.name) for path in data.iterdir()) if data.is_dir() else ()
    numbers = sorted(int(match[1] or 1) for match in found if match is not None)
    holders = {worker: holder_of(data / gateway_lock(worker)) for worker in numbers}
    return {worker: holder for worker, holder in holders.items() if holder is not None}


def live_boots(data: Path) -> set[str]:
    """Return the lives of the gateways that run on a data folder."""
    return {holder.boot for holder in live_workers(data).values()}


def _flock_within(fd: int, wait_s: float) -> None:
    give_up_s = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= give_up_s:
                raise
            time.sleep(_POLL_S)


def _read_holder(fd: int) -> Holder:
    try:
        return msgspec.json.decode(os.pread(fd, _HOLDER_BYTES, 0), type=Holder)
    except msgspec.DecodeError:
        return Holder()
