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


class GatewayStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One gateway process."""

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


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a request to load the files again."""

    ok: bool
    lineup: str
    """Name of the line-up that is active now."""
    lineup_hash: str
    """Its hash."""
    problems: list[str]
    """Why nothing was swapped, one text a problem, with file, line, key and fix."""
