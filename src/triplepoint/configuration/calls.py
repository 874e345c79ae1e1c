"""What came of calling each upstream once; the one who calls is handed in, since calling is the gateway's trade."""

from collections.abc import Awaitable, Callable

import msgspec

from triplepoint.configuration.model import Configuration


class CallResult(msgspec.Struct, frozen=True, kw_only=True):
    """One trial call."""

    upstream: str
    model: str
    """Name of the model there."""
    is_ok: bool
    status: int | None = None
    """HTTP status; None where no answer came."""
    total_s: float | None = None
    error: str | None = None
    """What went wrong, and what to do; never the upstream's words."""


Caller = Callable[[Configuration], Awaitable[list[CallResult]]]
"""Calls every upstream of a configuration once, with a request that costs next to nothing."""
