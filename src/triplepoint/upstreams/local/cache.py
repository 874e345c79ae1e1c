"""Where model files lie on this machine, and how they are.

A file gets its own name only after its hash was found right (`assembly`), by one rename. So a file of the right name and size
is a good one, and nobody hashes a gigabyte at every start.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from triplepoint.upstreams.local.catalog import FAMILY, FamilyModel

BLOCK_BYTES = 2**20
"""Read and hashed at once."""


class FileState(StrEnum):
    """How a tier's file is."""

    READY = "ready"
    PARTIAL = "partial"
    """A pull was begun; the next one goes on from there."""
    MISSING = "missing"
    DAMAGED = "damaged"
    """There, but not of the right size or hash; the next pull replaces it."""


@dataclass(frozen=True, slots=True)
class CachedModel:
    """A tier's file as it is now."""

    model: FamilyModel
    path: Path
    state: FileState
    present_bytes: int
    """Bytes on disk, whole or in part."""


def models_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return the cache folder: ``$TRIPLEPOINT_MODELS``, else ``triplepoint/models`` in the user's cache.

    Args:
        environ: The environment; the process's own if left out.
    """
    env = os.environ if environ is None else environ
    if own := env.get("TRIPLEPOINT_MODELS"):
        return Path(own).expanduser()
    shared = env.get("XDG_CACHE_HOME", "")
    # The XDG specification has relative paths ignored.
    base = Path(shared) if shared.startswith("/") else Path.home() / ".cache"
    return base / "triplepoint" / "models"


def gguf_path(gguf: str, *, cache: Path, base: Path) -> Path:
    """Return the file that a ``gguf:`` setting means: a tier's in the cache, or a path from the folder of the settings file."""
    return cache / FAMILY[gguf].file if gguf in FAMILY else base / Path(gguf).expanduser()


def inspect(model: FamilyModel, cache: Path, *, verify: bool = False) -> CachedModel:
    """Look at a tier's file.

    Args:
        model: The tier.
        cache: Folder of model files.
        verify: Hash the whole file as well; else its size is enough.
    """
    path = cache / model.file
    size = _size(path)
    if size is None:
        begun = _size(part_path(model, cache))
        return CachedModel(model, path, FileState.MISSING if begun is None else FileState.PARTIAL, begun or 0)
    good = size == model.size_bytes and (not verify or sha256_of(path) == model.sha256)
    return CachedModel(model, path, FileState.READY if good else FileState.DAMAGED, size)


def part_path(model: FamilyModel, cache: Path) -> Path:
    """Return the path of a file that is still growing."""
    return cache / f"{model.file}.part"


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def exclusive(path: Path, *, on_wait: Callable[[], None], pause_s: float = 0.2) -> Generator[None]:
    """Hold a lock file, so that two processes do not pull the same tier at once; the second waits for the first.

    The kernel lets go of the lock when its holder dies, so a file left behind means nothing.

    Args:
        path: The lock file; made if need be.
        on_wait: Called before each pause; whatever it raises ends the waiting.
        pause_s: Seconds between two tries.
    """
    with path.open("ab") as file:
        while not _try_lock(file.fileno()):
            on_wait()
            time.sleep(pause_s)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
