"""Takes the certificates that hold no more out of routers' promises; what they promised then goes as the line-up says."""

from collections.abc import Iterable
from dataclasses import replace

from triplepoint.gateway.snapshot import LineupRoutes, Snapshot
from triplepoint.ledger.audits.model import Lapse
from triplepoint.lineups.digest import SHOWN


def lapsed_of(digest: str, lapses: Iterable[Lapse]) -> frozenset[tuple[str, str]]:
    """Return reference and group of a scorer's certificates that have lapsed.

    Args:
        digest: Of the scorer's file.
    """
    return frozenset((lapse.reference, lapse.group) for lapse in lapses if lapse.scorer == digest[:SHOWN])


def with_lapses(snapshot: Snapshot, lapses: Iterable[Lapse]) -> Snapshot:
    """Return a snapshot whose routers know which of their certificates have lapsed; the same one where they do."""
    found = tuple(lapses)
    lineups = {name: _with_lapses(lineup, found) for name, lineup in snapshot.lineups.items()}
    if all(lineups[name] is lineup for name, lineup in snapshot.lineups.items()):
        return snapshot
    return replace(snapshot, lineups=lineups, active=lineups[snapshot.active.name])


def _with_lapses(lineup: LineupRoutes, lapses: tuple[Lapse, ...]) -> LineupRoutes:
    setup = lineup.setup
    if setup is None or setup.scorer is None:
        return lineup
    lapsed = lapsed_of(setup.scorer.digest, lapses)
    if lapsed == frozenset(setup.lapsed):
        return lineup
    changed = replace(setup, lapsed=lapsed)
    return replace(lineup, setup=changed, router=changed.compile())
