"""What changes from one line-up to another, key by key. Pure."""

from dataclasses import dataclass
from typing import Any

from triplepoint.lineups.model import Lineup


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs."""

    key: str
    """Path, such as ``models.nano.context_tokens``."""
    old: Any
    """JSON value; None: it was not there."""
    new: Any
    """JSON value; None: it is not there any more."""


def changes(old: Lineup, new: Lineup) -> list[Change]:
    """Compare two line-ups; the name is no difference, the order of models is one (weaker and stronger are read from it)."""
    before, after = _dump(old), _dump(new)
    found = list(_walk("", before, after))
    shared = [name for name in before["models"] if name in after["models"]]
    if shared != [name for name in after["models"] if name in before["models"]]:
        found.append(Change("models (order)", list(before["models"]), list(after["models"])))
    return found


def _dump(lineup: Lineup) -> dict[str, Any]:
    return lineup.model_dump(mode="json", exclude={"lineup"}, exclude_none=True)


def _walk(path: str, old: Any, new: Any) -> list[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys: list[str] = list(dict.fromkeys([*old, *new]))  # pyright: ignore[reportUnknownArgumentType]
        return [change for key in keys for change in _walk(f"{path}.{key}" if path else key, old.get(key), new.get(key))]  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    return [] if old == new else [Change(path, old, new)]
