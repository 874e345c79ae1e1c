"""What a name in a request means: a model, an alias, a pin, or ``auto``.

All names are known when a line-up is loaded, so they are written into one table; a request costs one look-up.
"""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from triplepoint.lineups.model import Lineup

AUTO = "auto"
"""The name that lets the router choose."""


class Resolved(msgspec.Struct, frozen=True):
    """What a name stands for."""

    lineup: str
    """Name of the line-up that serves it."""
    model: str | None
    """Model of that line-up; None: its router decides."""
    how: str
    """For the receipt: ``asked by name``, ``alias small``, ``pin embedded``, ``auto``."""


class Names:
    """Every name that can be asked for: plain ones of the active line-up, pins of every line-up that is there."""

    def __init__(self, active: Lineup, lineups: Mapping[str, Lineup]) -> None:
        self._table = _plain(active)
        self.plain = tuple(self._table)
        """Names without a line-up: models in their order, then aliases, then ``auto``."""
        for lineup in {**lineups, active.lineup: active}.values():
            for name, resolved in _plain(lineup).items():
                self._table[f"{name}@{lineup.lineup}"] = _pinned(resolved)
        self.resolve: Callable[[str], Resolved | None] = self._table.get
        """Returns what a name stands for; None where there is no such name."""

    def __contains__(self, asked: str) -> bool:
        return asked in self._table

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)


def _plain(lineup: Lineup) -> dict[str, Resolved]:
    table = {model: Resolved(lineup.lineup, model, "asked by name") for model in lineup.models}
    for alias, model in lineup.aliases.items():
        table[alias] = Resolved(lineup.lineup, model, f"alias {alias}")
    if lineup.router is not None:
        table[AUTO] = Resolved(lineup.lineup, None, AUTO)
    return table


def _pinned(resolved: Resolved) -> Resolved:
    pin = f"pin {resolved.lineup}"
    how = pin if resolved.how == "asked by name" else f"{resolved.how}, {pin}"
    return Resolved(resolved.lineup, resolved.model, how)
