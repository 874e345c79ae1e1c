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
    own_attempts: Attempts
    """Of what we ask ourselves: the same, recorded where they take no caller's receipt out of memory."""
    in_flight: int = 0
    """Requests to models that run on it, and audits that wait or run."""
