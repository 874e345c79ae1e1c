"""What requests run on: one reference, swapped when a snapshot is published."""

from dataclasses import dataclass

from triplepoint.gateway.attempts import Attempts
from triplepoint.gateway.snapshot import Snapshot
from triplepoint.gateway.upstream import LiveUpstream


@dataclass(slots=True, eq=False)
class Runtime:
    """A snapshot and the upstreams that it needs, live."""

    snapshot: Snapshot
    upstreams: dict[str, LiveUpstream]
    attempts: Attempts
    in_flight: int = 0
    """Requests to models that run on it."""
