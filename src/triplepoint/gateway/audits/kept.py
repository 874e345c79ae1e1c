"""What a caller was answered, kept for an audit: the bytes that it got, as long as they are not too many."""

from typing import Final

from triplepoint.routing.answers.model import Said
from triplepoint.routing.answers.reading import read_answer, read_stream
from triplepoint.upstreams.dialects.model import Dialect

MOST_BYTES: Final = 256 * 1024
"""Of an answer; one that is longer is not audited."""


class Kept:
    """The answer to a request that was drawn; only such a request has one."""

    __slots__ = ("_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, data: bytes) -> None:
        """Keep what is sent to the caller; beyond the limit nothing is kept, and what was is let go."""
        self._size += len(data)
        if self._size <= MOST_BYTES:
            self._pieces.append(data)
        else:
            self._pieces.clear()

    @property
    def is_too_large(self) -> bool:
        """Tell whether there was too much."""
        return self._size > MOST_BYTES

    def read(self, dialect: Dialect, *, stream: bool) -> Said | None:
        """Read what was said; None where the answer is not whole."""
        data = b"".join(self._pieces)
        return read_stream(data, dialect) if stream else read_answer(data, dialect)
