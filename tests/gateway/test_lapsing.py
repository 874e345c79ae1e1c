"""A certificate that has lapsed is taken out of the promise of every router that stands on it, and of no other."""

from dataclasses import replace
from pathlib import Path

from tests.gateway.harness import model, openai_upstream
from tests.gateway.making import snapshot_of
from tests.routing.policies.families import PLAIN, ScriptedScorer, certificate, learned, promised, setup

from triplepoint.gateway.lapsing import with_lapses
from triplepoint.gateway.snapshot import Snapshot
from triplepoint.ledger.audits.model import Lapse

SCORER = "ab" * 6
ALL = {"nano", "mini", "regular"}


def _snapshot(folder: Path) -> Snapshot:
    """Make a snapshot whose router stands on one certificate."""
    models = {name: model("a") for name in ("nano", "mini", "regular")}
    snapshot = snapshot_of(folder, upstreams={"a": openai_upstream(1)}, models=models)
    scorer = ScriptedScorer({"nano": 0.3, "mini": 0.7, "regular": 0.9})
    made = setup(learned(thrift=100, promise=promised()), scorer, certificates=certificate(0.3))
    lineup = replace(snapshot.active, setup=made, router=made.compile())
    return replace(snapshot, active=lineup, lineups={lineup.name: lineup})


def _lapse(scorer: str = SCORER, group: str = "maths") -> Lapse:
    return Lapse(
        scorer=scorer,
        reference="regular",
        group=group,
        at_us=1,
        lineup="f" * 12,
        why="misroutes",
        audits=100,
        found=20,
        above=0.05,
    )


def _decide(snapshot: Snapshot) -> str:
    assert snapshot.active.router is not None
    return snapshot.active.router.decide(PLAIN, ALL).model


def test_a_lapse_sends_its_group_to_the_strongest(tmp_path: Path) -> None:
    """And the snapshot of before goes on as it did, for whoever began under it."""
    snapshot = _snapshot(tmp_path)
    lapsed = with_lapses(snapshot, [_lapse()])
    assert (_decide(snapshot), _decide(lapsed)) == ("mini", "regular")
    assert lapsed.lineups[lapsed.active.name] is lapsed.active
    assert lapsed.active.hash == snapshot.active.hash


def test_what_has_not_changed_is_not_compiled_anew(tmp_path: Path) -> None:
    """Nor does a lapse of another scorer's certificate change anything; one that is gone is taken back."""
    snapshot = _snapshot(tmp_path)
    assert with_lapses(snapshot, []) is snapshot
    assert with_lapses(snapshot, [_lapse(scorer="cd" * 6)]) is snapshot
    lapsed = with_lapses(snapshot, [_lapse()])
    assert with_lapses(lapsed, [_lapse()]) is lapsed
    assert _decide(with_lapses(lapsed, [])) == "mini"
    assert _decide(with_lapses(snapshot, [_lapse(group="law")])) == "mini"


def test_a_lineup_without_a_scorer_has_no_certificates(tmp_path: Path) -> None:
    """Fixed and rules routers are left as they are."""
    router = {"router": {"kind": "fixed", "default": "nano"}}
    snapshot = snapshot_of(tmp_path, upstreams={"a": openai_upstream(1)}, models={"nano": model("a")}, lineup=router)
    assert with_lapses(snapshot, [_lapse()]) is snapshot
