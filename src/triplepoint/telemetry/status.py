"""How a gateway is at this moment, as it tells the control plane."""

import msgspec


class UpstreamStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One upstream, seen from the gateway."""

    name: str
    kind: str
    state: str
    """``ready`` or, for people, what it waits for."""
    breaker: str
    """``closed``, ``open`` or ``half-open``."""
    in_flight: int
    """Attempts under way."""
    attempts: int
    """Attempts since the gateway started."""
    failures: int
    """Those that failed or were cut."""
    last_error: str | None
    """Code of the last failure."""


class WorkerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One of several gateway processes on one port."""

    worker: int
    """From 1."""
    pid: int
    started_us: int
    lineup_hash: str
    """Tells who is behind."""
    snapshot_us: int
    in_flight: int
    requests: int
    journal: str


class GatewayStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One gateway process, or all of a machine as one."""

    version: str
    pid: int
    started_us: int
    lineup: str
    lineup_hash: str
    snapshot_us: int
    """When the active snapshot was swapped in."""
    in_flight: int
    """Requests under way."""
    requests: int
    """Requests since the start."""
    journal: str
    """``ok`` or what is wrong with it."""
    upstreams: list[UpstreamStatus]
    """Of several workers: each added up over them."""
    changes: str = "ok"
    """Whether it hears of changes in the database that machines share: ``ok`` or what is wrong."""
    counters: str = "ok"
    """Whether limits can be looked at: ``ok``, or since when the counters are away and what waits for them."""
    workers: list[WorkerStatus] = []
    """Each gateway process on this machine, where there are several."""


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a request to load the files again."""

    ok: bool
    lineup: str
    """Name of the line-up that is active now."""
    lineup_hash: str
    """Its hash."""
    problems: list[str]
    """Why nothing was swapped, one text a problem, with file, line, key and fix."""
