"""The journal as the gateway writes it: what it takes stays, and a full disk is no secret."""

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from triplepoint.foundation.errors import Conflict, StoreFault
from triplepoint.ledger import journal as journal_module
from triplepoint.ledger.folder_lock import live_boots
from triplepoint.ledger.framing import list_segments
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.model import Closed, JournalRecord, Opened
from triplepoint.ledger.reader import SegmentReader
from triplepoint.settings import JournalSettings, WhenFull

Settings = Callable[..., JournalSettings]


class Disk:
    """A disk that a test can fill: the writer that the journal is given."""

    def __init__(self) -> None:
        self.is_full = False
        self.short_by = 0

    def write(self, fd: int, data: bytes | bytearray) -> int:
        """Write, or fail as a full disk does; with `short_by`, leave so many bytes out."""
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(fd, data[: len(data) - self.short_by] if self.short_by else data)


def _records(data: Path) -> list[JournalRecord]:
    """Read everything that the journal holds, as a drain would after its writer's death."""
    records: list[JournalRecord] = []
    for name in list_segments(data / "journal"):
        with SegmentReader(data / "journal", name) as reader:
            batch = reader.read(0, is_final=True)
            assert batch.is_end
            assert batch.damaged == 0
            records += batch.records
    return records


def test_a_record_can_be_read_when_write_returns(
    data: Path, settings: Settings, opened: Callable[..., Opened], closed: Callable[..., Closed]
) -> None:
    """No close, no flush: what was taken stands in the segment, and only its owner may read it."""
    with Journal(data, boot="boot_a", settings=settings()) as journal:
        journal.write(opened(1))
        journal.write(closed(1))
        assert _records(data) == [opened(1), closed(1)]
        assert journal.state() == "ok"
        (segment,) = (data / "journal").iterdir()
        assert segment.stat().st_mode & 0o077 == 0


def test_a_full_segment_gives_way_to_the_next(data: Path, settings: Settings, opened: Callable[..., Opened]) -> None:
    """Segments end at their size, and together hold everything in order."""
    records = [opened(number) for number in range(50)]
    with Journal(data, boot="boot_a", settings=settings(segment="1kB")) as journal:
        for record in records:
            journal.write(record)
    assert len(list_segments(data / "journal")) > 10
    assert _records(data) == records


def test_two_gateways_cannot_share_a_folder(data: Path, settings: Settings, opened: Callable[..., Opened]) -> None:
    """The second is refused and writes nothing; after the first has closed, a new one may begin."""
    with Journal(data, boot="boot_a", settings=settings()) as journal:
        assert live_boots(data) == {"boot_a"}
        with pytest.raises(Conflict, match="boot_a"):
            Journal(data, boot="boot_b", settings=settings())
        journal.write(opened(1))
        assert [name.boot for name in list_segments(data / "journal")] == ["boot_a"]
    with Journal(data, boot="boot_b", settings=settings()):
        assert live_boots(data) == {"boot_b"}


def test_a_full_disk_stops_what_is_not_sent_yet(
    data: Path, settings: Settings, opened: Callable[..., Opened], closed: Callable[..., Closed]
) -> None:
    """Under stop an opened record is refused, a closed one is kept and written when there is room again."""
    disk = Disk()
    with Journal(data, boot="boot_a", settings=settings(), write=disk.write) as journal:
        journal.write(opened(1))
        disk.is_full = True
        with pytest.raises(StoreFault, match="No space left on device") as caught:
            journal.write(opened(2))
        assert (caught.value.code, caught.value.retry_after_s) == ("journal_full", 1.0)
        journal.write(closed(1))
        assert journal.state() == "No space left on device; 1 records wait in memory"
        journal.flush()
        assert journal.backlog == 1
        with pytest.raises(StoreFault):
            journal.write(opened(2))
        disk.is_full = False
        journal.flush()
        assert (journal.state(), journal.backlog) == ("ok", 0)
        journal.write(opened(3))
    assert _records(data) == [opened(1), closed(1), opened(3)]


def test_a_full_disk_is_waited_out_in_memory(
    data: Path,
    settings: Settings,
    opened: Callable[..., Opened],
    closed: Callable[..., Closed],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Under continue records wait in order and are counted; beyond the bound opened ones are refused after all."""
    monkeypatch.setattr(journal_module, "BACKLOG_RECORDS", 3)
    disk = Disk()
    with Journal(data, boot="boot_a", settings=settings(when_full=WhenFull.CONTINUE), write=disk.write) as journal:
        disk.is_full = True
        for record in (opened(1), opened(2), opened(3)):
            journal.write(record)
        with pytest.raises(StoreFault, match="cannot be written"):
            journal.write(opened(4))
        journal.write(closed(1))
        assert journal.backlog == 4
        disk.is_full = False
        journal.flush()
        assert (journal.state(), journal.backlog) == ("ok", 0)
        journal.write(opened(5))
    assert _records(data) == [opened(1), opened(2), opened(3), closed(1), opened(5)]


def test_what_can_never_be_written_does_not_wait(
    data: Path, settings: Settings, opened: Callable[..., Opened], closed: Callable[..., Closed]
) -> None:
    """A record over the limit is refused at once, in trouble too, so that it does not stand in the way of the others."""
    disk = Disk()
    with Journal(data, boot="boot_a", settings=settings(when_full=WhenFull.CONTINUE), write=disk.write) as journal:
        disk.is_full = True
        journal.write(opened(1))
        with pytest.raises(StoreFault, match="over the limit"):
            journal.write(closed(1, notices=["x" * 2**20]))
        disk.is_full = False
        journal.flush()
        assert (journal.state(), journal.backlog) == ("ok", 0)
    assert _records(data) == [opened(1)]


@pytest.mark.parametrize("short_by", [1, 8, 200])
def test_a_part_of_a_frame_is_cut_off(data: Path, settings: Settings, opened: Callable[..., Opened], short_by: int) -> None:
    """A write that the disk took in part leaves nothing behind, and the record counts as not taken."""
    disk = Disk()
    with Journal(data, boot="boot_a", settings=settings(), write=disk.write) as journal:
        journal.write(opened(1))
        disk.short_by = short_by
        with pytest.raises(StoreFault):
            journal.write(opened(2))
        journal.flush()
        assert journal.state() != "ok"
        disk.short_by = 0
        journal.flush()
        journal.write(opened(3))
        assert _records(data) == [opened(1), opened(3)]


def test_a_part_that_cannot_be_cut_off_is_left_behind(
    data: Path, settings: Settings, opened: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where even the cut fails, the journal goes on in a new segment, and the reader passes the torn end over."""

    def fail(_fd: int, _size: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    disk = Disk()
    with Journal(data, boot="boot_a", settings=settings(), write=disk.write) as journal:
        journal.write(opened(1))
        with monkeypatch.context() as patch:
            patch.setattr(os, "ftruncate", fail)
            disk.short_by = 30
            with pytest.raises(StoreFault):
                journal.write(opened(2))
        disk.short_by = 0
        journal.flush()
        journal.write(opened(3))
    assert len(list_segments(data / "journal")) == 2
    assert _records(data) == [opened(1), opened(3)]


def test_a_failed_fsync_is_said_and_ends_the_segment(
    data: Path, settings: Settings, opened: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed fsync the old segment's pages cannot be trusted: the journal says so and goes on in a new one."""

    def fail(_fd: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with Journal(data, boot="boot_a", settings=settings()) as journal:
        journal.write(opened(1))
        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", fail)
            journal.flush()
        assert journal.state() == "Input/output error"
        with pytest.raises(StoreFault):
            journal.write(opened(2))
        journal.flush()
        journal.write(opened(3))
    assert [name.number for name in list_segments(data / "journal")] == [1, 2]


def test_no_new_segment_is_no_trouble(
    data: Path, settings: Settings, opened: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no file can be made, the old segment serves on."""
    with Journal(data, boot="boot_a", settings=settings(segment="1kB")) as journal:
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", _too_many_files)
            for number in range(10):
                journal.write(opened(number))
        assert len(list_segments(data / "journal")) == 1
    assert _records(data) == [opened(number) for number in range(10)]


def _too_many_files(*_: object) -> int:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_the_thread_gets_out_of_trouble_by_itself(data: Path, settings: Settings, opened: Callable[..., Opened]) -> None:
    """Without a request to try with, the journal finds out that the disk has room again."""
    disk = Disk()
    with Journal(data, boot="boot_a", settings=settings(fsync="5ms"), write=disk.write) as journal:
        disk.is_full = True
        with pytest.raises(StoreFault):
            journal.write(opened(1))
        disk.is_full = False
        give_up_s = time.monotonic() + 5
        while journal.state() != "ok" and time.monotonic() < give_up_s:
            time.sleep(0.005)
        assert journal.state() == "ok"
    assert _records(data) == []


def test_a_closed_journal_takes_nothing(
    data: Path,
    settings: Settings,
    opened: Callable[..., Opened],
    closed: Callable[..., Closed],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After the close every record is refused, and what could not be written was counted in the log."""
    disk = Disk()
    journal = Journal(data, boot="boot_a", settings=settings(), write=disk.write)
    disk.is_full = True
    journal.write(closed(1))
    journal.close()
    journal.close()
    assert "journal closed with 1 records unwritten" in caplog.text
    for record in (opened(1), closed(1)):
        with pytest.raises(StoreFault, match="closed"):
            journal.write(record)
    assert journal.state().startswith("closed")


def test_a_folder_that_cannot_be_written_is_said_at_once(tmp_path: Path, settings: Settings) -> None:
    """A journal that cannot begin says where and why."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreFault, match=r"cannot be opened: .*file"):
        Journal(tmp_path / "file", boot="boot_a", settings=settings())


_FILL = """
import json, resource, sys
from pathlib import Path
from triplepoint.foundation.errors import StoreFault
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.model import Opened
from triplepoint.settings import JournalSettings
import msgspec

pattern = msgspec.json.decode(sys.stdin.read(), type=dict)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
settings = JournalSettings.model_validate({"fsync": "1h", "when_full": sys.argv[2]})
taken, refused = [], 0
with Journal(Path(sys.argv[1]), boot="boot_a", settings=settings) as journal:
    for number in range(100):
        try:
            journal.write(Opened(**(pattern | {"receipt_id": f"rcpt_{number}"})))
            taken.append(f"rcpt_{number}")
        except StoreFault as error:
            assert error.code == "journal_full"
            refused += 1
    state, backlog = journal.state(), journal.backlog
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    journal.flush()
    print(json.dumps({"taken": taken, "refused": refused, "state": state, "backlog": backlog, "after": journal.state()}))
"""


@pytest.mark.parametrize("when_full", list(WhenFull))
def test_the_kernels_own_limit_loses_nothing(data: Path, opened: Callable[..., Opened], when_full: WhenFull) -> None:
    """With a real limit on the file's size, all that was taken is read back, under either policy."""
    fields = {name: getattr(opened(1), name) for name in Opened.__struct_fields__}
    ran = subprocess.run(
        [sys.executable, "-c", _FILL, str(data), when_full],
        input=json.dumps(fields),
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(ran.stdout)
    assert told["state"] != "ok"
    assert told["after"] == "ok"
    assert (told["refused"] > 0, told["backlog"] > 0) == ((True, False) if when_full is WhenFull.STOP else (False, True))
    assert [record.receipt_id for record in _records(data)] == told["taken"]
