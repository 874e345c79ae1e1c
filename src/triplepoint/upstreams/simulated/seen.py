"""What the upstream saw: each request is written down, with a rising number, before anything of its answer is made."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "x-api-key", "api-key", "cookie"})


@dataclass(slots=True)
class SeenRequest:
    """One request; the last four fields are written while it is answered."""

    id: int
    """From 1; rises by 1."""
    at_s: float
    """Seconds since the server started."""
    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    """Names in lower case; values of credentials are left out."""
    body_sha256: str
    body: bytes | None = field(repr=False)
    """Only where the script says ``record: true``."""
    model: str = ""
    stream: bool = False
    case: str | None = None
    """Name, or else number, of the case that held."""
    status: int = 0
    """0 where none was sent."""
    sent_bytes: int = 0
    """Bytes of the answer, head and framing included, that went out."""
    is_finished: bool = False
    """The answer, or what the fault left of it, was sent to its end."""
    left_at_s: float | None = None
    """When the client was gone, if that was before the end of its answer."""


class SeenLog:
    """The newest requests, the number of all, and a file where another process can count them.

    Args:
        keep: Requests to keep.
        record: Keep bodies.
        path: Gets one line of JSON for each request, by one ``write`` before it is answered.
    """

    def __init__(self, *, keep: int, record: bool, path: Path | None = None) -> None:
        self._requests: deque[SeenRequest] = deque(maxlen=keep)
        self._record = record
        self._count = 0
        self._file = None if path is None else os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def add(self, at_s: float, method: str, path: str, headers: Iterable[tuple[str, str]], body: bytes) -> SeenRequest:
        """Write down a request."""
        self._count += 1
        shown = {name: "(left out)" if name in _SECRET_HEADERS else value for name, value in headers}
        digest = sha256(body).hexdigest()
        seen = SeenRequest(self._count, at_s, method, path, shown, digest, body if self._record else None)
        self._requests.append(seen)
        return seen

    def write_line(self, seen: SeenRequest) -> None:
        """Append a request to the file, if there is one."""
        if self._file is None:
            return
        line = {
            "id": seen.id,
            "method": seen.method,
            "path": seen.path,
            "model": seen.model,
            "sha256": seen.body_sha256,
            "request_id": seen.headers.get("x-request-id"),
        }
        os.write(self._file, msgspec.json.encode(line) + b"\n")

    @property
    def count(self) -> int:
        """How many requests there were, those no longer kept included."""
        return self._count

    def clear(self) -> None:
        """Forget all requests and count from 1 again; the file stays."""
        self._requests.clear()
        self._count = 0

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __iter__(self) -> Iterator[SeenRequest]:
        return iter(self._requests)

    def __len__(self) -> int:
        return len(self._requests)

    def __getitem__(self, index: int) -> SeenRequest:
        return self._requests[index]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
