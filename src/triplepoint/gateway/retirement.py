"""The announced end of a model, as its callers see it.

From the day of its notice every answer carries ``Deprecation`` (RFC 9745, the moment of the notice), ``Sunset`` (RFC 8594, the
moment of the end), a ``Link`` to the successor (RFC 5829) and a sentence for people; from the day of its end the model is
refused with 410. Days begin at midnight UTC. Everything is written once, when the line-up is compiled: a request compares two
numbers.
"""

import email.utils
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from urllib.parse import quote

from triplepoint.foundation.errors import Retired
from triplepoint.lineups.model import Retirement


@dataclass(frozen=True, slots=True)
class Ending:
    """A retirement, compiled."""

    notice_us: int
    """From here on callers are told; wall clock, microseconds since 1970."""
    on_us: int
    """From here on the model is gone."""
    retires_at: str
    """RFC 3339."""
    successor: str | None
    headers: tuple[tuple[bytes, bytes], ...]
    """Of every answer while the notice runs."""
    refusal: str
    """What is said afterwards."""

    def is_told(self, now_us: int) -> bool:
        """Tell whether the notice has begun."""
        return now_us >= self.notice_us

    def is_over(self, now_us: int) -> bool:
        """Tell whether the model is gone."""
        return now_us >= self.on_us

    def gone(self) -> Retired:
        """Return the fault of a request to it."""
        return Retired(self.refusal, param="model", code="model_retired")


def compile_ending(name: str, retires: Retirement) -> Ending:
    """Write down once what callers of a retiring model are told.

    Args:
        name: Of the model.
        retires: What the line-up says.
    """
    noticed, ends = _midnight(retires.notice), _midnight(retires.on)
    use = f"; use {retires.successor}" if retires.successor is not None else ""
    headers = [
        (b"deprecation", b"@%d" % noticed.timestamp()),
        (b"sunset", email.utils.format_datetime(ends, usegmt=True).encode()),
        (b"x-triplepoint-notice", f"{name} retires on {retires.on}{use}".encode()),
    ]
    if retires.successor is not None:
        target = quote(retires.successor, safe=":")  # a slash within a name is no slash of the path
        headers.append((b"link", f'</v1/models/{target}>; rel="successor-version"'.encode()))
    return Ending(
        notice_us=int(noticed.timestamp()) * 1_000_000,
        on_us=int(ends.timestamp()) * 1_000_000,
        retires_at=f"{ends:%Y-%m-%dT%H:%M:%SZ}",
        successor=retires.successor,
        headers=tuple(headers),
        refusal=f"The model {name} was retired on {retires.on}{use or '; GET /v1/models lists what there is'}.",
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
