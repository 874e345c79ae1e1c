"""What a check says."""

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, but worse than it could."""
    PROBLEM = "problem"
    """Something does not work."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    check: str
    level: Level
    what: str
    """What was found."""
    fix: str | None = None
    """What to do; None where nothing is wrong."""
