"""One process on a folder."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from triplepoint.foundation.errors import Conflict
from triplepoint.ledger.folder_lock import GATEWAY_LOCK, FolderLock, Holder, holder_of, live_boots

_HOLD = """
import sys
from pathlib import Path
from triplepoint.ledger.folder_lock import FolderLock
lock = FolderLock.acquire(Path(sys.argv[1]), boot="boot_other")
print("held", flush=True)
sys.stdin.read()
"""


def test_the_second_is_refused_and_told_who_holds(data: Path) -> None:
    """A second taker gets a Conflict that names the holder; after the release it gets the lock."""
    path = data / GATEWAY_LOCK
    with FolderLock.acquire(path, boot="boot_a"):
        assert live_boots(data) == {"boot_a"}
        with pytest.raises(Conflict, match=rf"in use by process {os.getpid()} \(boot_a\)") as caught:
            FolderLock.acquire(path, boot="boot_b", wait_s=0)
        assert caught.value.code == "folder_in_use"
        assert live_boots(data) == {"boot_a"}
    assert live_boots(data) == set()
    with FolderLock.acquire(path, boot="boot_b"):
        assert holder_of(path) == Holder(os.getpid(), "boot_b")


def test_the_lock_goes_with_its_process(data: Path) -> None:
    """Another process holds the folder until it is killed, whatever it had in mind."""
    path = data / GATEWAY_LOCK
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert holder_of(path) == Holder(other.pid, "boot_other")
        with pytest.raises(Conflict, match=str(other.pid)):
            FolderLock.acquire(path, boot="boot_a", wait_s=0)
        other.kill()
    assert live_boots(data) == set()


def test_looking_does_not_disturb_the_one_who_takes(data: Path) -> None:
    """One who asks for the holder takes the lock for an instant; a gateway that starts then waits that instant out."""
    path = data / GATEWAY_LOCK
    FolderLock.acquire(path, boot="boot_a").release()
    for _ in range(200):
        assert holder_of(path) is None
        FolderLock.acquire(path, boot="boot_b").release()


def test_a_lock_without_words_is_held_by_an_unknown(data: Path) -> None:
    """Between taking the lock and writing who one is, the holder is known to exist and no more."""
    path = data / GATEWAY_LOCK
    lock = FolderLock.acquire(path, boot="boot_a")
    path.write_bytes(b"")
    assert holder_of(path) == Holder(0, "")
    with pytest.raises(Conflict, match="process unknown"):
        FolderLock.acquire(path, boot="boot_b", wait_s=0)
    lock.release()
    lock.release()


def test_waiting_ends(data: Path) -> None:
    """A taker waits as long as it was told, and no longer."""
    path = data / GATEWAY_LOCK
    with FolderLock.acquire(path, boot="boot_a"):
        began_s = time.monotonic()
        with pytest.raises(Conflict):
            FolderLock.acquire(path, boot="boot_b", wait_s=0.05)
        assert 0.05 <= time.monotonic() - began_s < 1
