"""Write an exception down without what it may quote.

A message of ours names settings, models and limits, and is written. A message of the operating system names files and
addresses, and is written. Any other may quote the value that it tripped over, which may be a prompt, so its type is written and
its message is not. Frames are file, line and function; never source lines, never local variables.
"""

import traceback
from collections.abc import Iterator
from typing import Final

from triplepoint.foundation.errors import TriplepointError
from triplepoint.telemetry.redaction import mask_keys

FRAMES: Final = 30
"""Innermost frames that are written of one exception."""
_MESSAGE_LIMIT: Final = 4_000
_QUOTABLE: Final = (TriplepointError, OSError, ImportError, NotImplementedError, RecursionError, MemoryError)


def describe(error: BaseException) -> str:
    """Say what an exception is: its type and, where it cannot quote a prompt, its message."""
    name = type(error).__qualname__
    return f"{name}: {mask_keys(str(error))[:_MESSAGE_LIMIT]}" if isinstance(error, _QUOTABLE) else name


def trace(error: BaseException) -> str:
    """Write an exception with its frames and what it came from, the first cause first, as Python does."""
    return "\nwhich led to\n".join(_trace_one(link) for link in reversed(list(_chain(error))))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _trace_one(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    lines = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    lines += [f"  with {describe(member)}" for member in _members(error)]
    return "\n".join([describe(error), *lines])


def _members(error: BaseException) -> tuple[BaseException, ...]:
    members: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    return members if isinstance(error, BaseExceptionGroup) else ()
