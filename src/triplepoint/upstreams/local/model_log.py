"""What a model's process says, kept in bounds: the last lines in memory, two files of a fixed size on disk.

llama.cpp quotes requests in its complaints (a grammar that does not parse is printed whole), and what callers write belongs
in no log. So everything is kept until a process serves its first request, and from then on only the lines of a crash.
"""

import re
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from triplepoint.foundation.clock import Clock

_CRASH = re.compile(
    r"(\S+:\d+: )?GGML_ASSERT\([^\"']{0,200}\) failed"
    r"|terminate called( after throwing an instance of '[\w:]{1,80}'| recursively| without an active exception)"
    r"|Fatal Python error: [\w ]{1,80}"
    r"|(corrupted|malloc\(\)|free\(\)|double free)[\w ():-]{0,80}"
)
_LINE_CHARACTERS = 500


class ModelLog:
    """The log of one model, over all its processes; nothing that goes wrong with the files stops the model.

    Args:
        path: The current file; the one before it has ``.1`` added.
        clock: Dates our own lines.
        max_bytes: Size at which a new file begins.
        keep_lines: Lines kept in memory.
    """

    def __init__(self, path: Path, *, clock: Clock, max_bytes: int = 2**20, keep_lines: int = 200) -> None:
        self._path = path
        self._clock = clock
        self._max_bytes = max_bytes
        self._file: TextIO | None = None
        self._size = 0
        self._lines: deque[str] = deque(maxlen=keep_lines)

    def note(self, text: str) -> None:
        """Write a line of our own, dated."""
        moment = datetime.fromtimestamp(self._clock.now_us() / 1e6, UTC)
        self._keep(f"--- {moment:%Y-%m-%dT%H:%M:%SZ} {text}")

    def line(self, text: str, *, is_serving: bool) -> None:
        """Take a line from the process.

        Args:
            text: The line, without its end.
            is_serving: Requests may have been served already, so the line may quote one.
        """
        if not is_serving or _CRASH.fullmatch(text):
            self._keep(text[:_LINE_CHARACTERS])

    def tail(self) -> list[str]:
        """Return the last lines, oldest first."""
        return list(self._lines)

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _keep(self, text: str) -> None:
        self._lines.append(text)
        try:
            self._write(f"{text}\n")
        except OSError:  # a full disk must not take the model down; the lines in memory remain
            self._file = None

    def _write(self, text: str) -> None:
        if self._file is None or self._size + len(text) > self._max_bytes:
            self._open(room_for=len(text))
        assert self._file is not None  # noqa: S101 opened above
        self._file.write(text)
        self._file.flush()
        self._size += len(text.encode())

    def _open(self, *, room_for: int) -> None:
        self.close()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._size = self._path.stat().st_size if self._path.exists() else 0
        if self._size + room_for > self._max_bytes:
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
            self._size = 0
        self._file = self._path.open("a", encoding="utf-8", errors="replace")
