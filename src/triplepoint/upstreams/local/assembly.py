"""A model file while it grows: bytes appended, hashed as they pass, a checkpoint after each piece, checked as a whole.

Beside ``FILE.part`` stands ``FILE.part.json``: the source, how many of its pieces are in, and length and SHA-256 of the file
up to there. A pull that was killed goes on behind the last checkpoint, after the bytes before it have been hashed anew; bytes
that are no longer what they were start it from zero. `finish` alone gives the file its name.
"""

import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.upstreams.local.cache import BLOCK_BYTES, part_path
from triplepoint.upstreams.local.catalog import FamilyModel


class Checkpoint(msgspec.Struct, frozen=True):
    """What is in the part file for certain."""

    source: str
    pieces: int
    """Pieces of the source that are in."""
    size_bytes: int
    sha256: str
    """Of the first ``size_bytes`` bytes."""


class Assembly:
    """The one writer of a part file; a context manager, which closes it; what is checkpointed stays, what is wrong goes."""

    def __init__(self, model: FamilyModel, cache: Path, *, source: str) -> None:
        self._model = model
        self._source = source
        self._path = part_path(model, cache)
        self._notes = self._path.with_name(f"{self._path.name}.json")
        self._hash = hashlib.sha256()
        self.pieces = 0
        """Pieces that are in."""
        self.size_bytes = 0
        """Bytes that are in, those behind the last checkpoint included."""
        self._is_wrong = False
        self._file = self._path.open("r+b" if self._path.exists() else "w+b")
        self._resume()

    def _resume(self) -> None:
        checkpoint = self._read_checkpoint()
        if checkpoint is None or checkpoint.source != self._source or not self._rehash(checkpoint):
            self.restart()
            return
        self.pieces, self.size_bytes = checkpoint.pieces, checkpoint.size_bytes
        self._file.truncate(checkpoint.size_bytes)

    def _read_checkpoint(self) -> Checkpoint | None:
        try:
            return msgspec.json.decode(self._notes.read_bytes(), type=Checkpoint)
        except (FileNotFoundError, msgspec.DecodeError):  # ValidationError is a DecodeError
            return None

    def _rehash(self, checkpoint: Checkpoint) -> bool:
        """Hash the bytes before the checkpoint and say whether they are still what they were."""
        left = checkpoint.size_bytes
        while left and (block := self._file.read(min(BLOCK_BYTES, left))):
            self._hash.update(block)
            left -= len(block)
        return left == 0 and self._hash.hexdigest() == checkpoint.sha256

    def restart(self) -> None:
        """Begin from zero."""
        self._file.seek(0)
        self._file.truncate()
        self._notes.unlink(missing_ok=True)
        self._hash = hashlib.sha256()
        self.pieces = self.size_bytes = 0

    def write(self, block: bytes) -> None:
        """Append bytes.

        Raises: UpstreamFault: the source gives more than the file is long, so it cannot be the right one.
        """
        if self.size_bytes + len(block) > self._model.size_bytes:
            raise self._wrong(f"is longer than the {self._model.size_bytes} bytes that it should have")
        self._file.write(block)
        self._hash.update(block)
        self.size_bytes += len(block)

    def checkpoint(self, *, pieces: int) -> None:
        """Remember that the file is good up to here; on disk before the note says so."""
        self._sync()
        self.pieces = pieces
        note = Checkpoint(self._source, pieces, self.size_bytes, self._hash.copy().hexdigest())
        fresh = self._notes.with_name(f"{self._notes.name}.new")
        fresh.write_bytes(msgspec.json.encode(note))
        fresh.replace(self._notes)

    def finish(self, target: Path) -> None:
        """Compare the whole with the catalog and give the file its name.

        Raises: UpstreamFault: size or hash differ; the part file goes.
        """
        if self.size_bytes != self._model.size_bytes:
            raise self._wrong(f"has {self.size_bytes} bytes instead of {self._model.size_bytes}")
        if (found := self._hash.hexdigest()) != self._model.sha256:
            raise self._wrong(f"has SHA-256 {found} instead of {self._model.sha256}")
        self._sync()
        self._path.replace(target)
        self._notes.unlink(missing_ok=True)

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def _wrong(self, what: str) -> UpstreamFault:
        self._is_wrong = True
        return UpstreamFault(
            f"what {self._source} gave for {self._model.tier} {what}; it was deleted. A GGUF file of your own "
            "need not be this one: name its path as `gguf:` of the upstream",
            code="wrong_model_file",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()
        if self._is_wrong:
            self._path.unlink(missing_ok=True)
            self._notes.unlink(missing_ok=True)
