"""Where files lie, how they are, and who may write them."""

import threading
from pathlib import Path

import pytest

from triplepoint.upstreams.local.cache import FileState, exclusive, gguf_path, inspect, models_folder, part_path
from triplepoint.upstreams.local.catalog import FAMILY

from .helpers import Tiny


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"TRIPLEPOINT_MODELS": "/a", "XDG_CACHE_HOME": "/b"}, Path("/a")),
        ({"XDG_CACHE_HOME": "/b"}, Path("/b/triplepoint/models")),
        ({"XDG_CACHE_HOME": "relative"}, Path.home() / ".cache/triplepoint/models"),
        ({"TRIPLEPOINT_MODELS": ""}, Path.home() / ".cache/triplepoint/models"),
        ({"TRIPLEPOINT_MODELS": "~/own"}, Path.home() / "own"),
    ],
)
def test_models_folder(environ: dict[str, str], folder: Path):
    """The user's own variable wins, then the XDG one if absolute, then the home folder."""
    assert models_folder(environ) == folder


def test_gguf_path(tmp_path: Path):
    """A tier means its file in the cache, anything else a path from the settings' folder."""
    assert gguf_path("nano", cache=tmp_path, base=Path("/etc")) == tmp_path / FAMILY["nano"].file
    assert gguf_path("m/own.gguf", cache=tmp_path, base=Path("/srv")) == Path("/srv/m/own.gguf")
    assert gguf_path("/own.gguf", cache=tmp_path, base=Path("/srv")) == Path("/own.gguf")


def test_states(tiny: Tiny, cache: Path):
    """A file is missing, then partial, then ready; of the wrong size it is damaged, of the wrong bytes only a hash tells."""
    assert inspect(tiny.model, cache).state is FileState.MISSING
    part_path(tiny.model, cache).write_bytes(b"AAAA")
    assert (inspect(tiny.model, cache).state, inspect(tiny.model, cache).present_bytes) == (FileState.PARTIAL, 4)
    path = cache / tiny.model.file
    path.write_bytes(tiny.content)
    assert inspect(tiny.model, cache, verify=True).state is FileState.READY
    path.write_bytes(tiny.content[::-1])
    assert inspect(tiny.model, cache).state is FileState.READY
    assert inspect(tiny.model, cache, verify=True).state is FileState.DAMAGED
    path.write_bytes(b"short")
    assert inspect(tiny.model, cache).state is FileState.DAMAGED


def test_exclusive_waits(tmp_path: Path):
    """The second holder waits until the first is done, and is told so."""
    lock, order, waited = tmp_path / "lock", list[str](), threading.Event()

    def second() -> None:
        with exclusive(lock, on_wait=waited.set, pause_s=0.01):
            order.append("second")

    thread = threading.Thread(target=second)
    with exclusive(lock, on_wait=waited.set):
        thread.start()
        assert waited.wait(5)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
