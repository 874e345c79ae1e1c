"""What is told of a request that nobody sends is what the gateway would do with it."""

from pathlib import Path

import pytest
from tests.gateway.harness import model, openai_upstream
from tests.gateway.making import SteppingClock, chat, grant, snapshot_of

from triplepoint.foundation.errors import NotFound, UpstreamOverloaded
from triplepoint.gateway.as_if import AsIf, admit_as_if, decide_as_if, stand_ins
from triplepoint.gateway.snapshot import Snapshot
from triplepoint.plans.terms import UNBOUND
from triplepoint.telemetry.status import GatewayStatus, UpstreamStatus

RULES = [{"when": {"code": True}, "use": "large", "why": "code"}]
CODE = "write a Python function"


def make(folder: Path) -> Snapshot:
    """Compile a small and a large model, each at an upstream of its own."""
    upstreams = {
        "a": openai_upstream(1, breaker={"failures": 2, "rest": "30s"}),
        "b": openai_upstream(2, breaker={"failures": 2, "rest": "30s"}),
    }
    models = {"small": model("a"), "large": model("b", price="test/dear")}
    router = {"kind": "rules", "rules": RULES, "default": "small"}
    return snapshot_of(folder, upstreams=upstreams, models=models, lineup={"router": router})


def status(**upstreams: tuple[str, str]) -> GatewayStatus:
    """Say how upstreams are: their state, and their breaker's."""
    told = [
        UpstreamStatus(
            name=name, kind="openai", state=state, breaker=breaker, in_flight=0, attempts=0, failures=0, last_error=None
        )
        for name, (state, breaker) in upstreams.items()
    ]
    return GatewayStatus(
        version="0",
        pid=1,
        started_us=0,
        lineup="test",
        lineup_hash="",
        snapshot_us=0,
        in_flight=0,
        requests=0,
        journal="ok",
        upstreams=told,
    )


@pytest.mark.parametrize(
    ("said", "model_", "why"),
    [
        (None, "large", None),
        (status(b=("ready", "closed")), "large", None),
        (status(b=("starting", "closed")), "small", "its upstream is not up yet"),
        (status(b=("ready", "open")), "small", "resting after failures"),
        (status(gone=("starting", "open")), "large", None),
    ],
)
def test_what_is_down_is_left_out(tmp_path: Path, said: GatewayStatus | None, model_: str, why: str | None) -> None:
    """Upstreams are as the gateway says they are; without one, all are taken to be up."""
    snapshot, clock = make(tmp_path), SteppingClock()
    case = AsIf(chat(CODE, model="auto"), snapshot, grant(), UNBOUND, stand_ins(snapshot, said, clock.steady_s()))
    choice, explanation = decide_as_if(case, clock)
    assert choice.route.name == explanation.decision.model == model_
    assert choice.decided is not None
    assert choice.decided.decision == explanation.decision
    assert [one.why for one in explanation.left_out] == ([] if why is None else [why])


def test_all_are_down(tmp_path: Path) -> None:
    """Where nothing is up, it is refused as the gateway would refuse it."""
    snapshot, clock = make(tmp_path), SteppingClock()
    down = stand_ins(snapshot, status(a=("starting", "closed"), b=("starting", "closed")), clock.steady_s())
    with pytest.raises(UpstreamOverloaded):
        decide_as_if(AsIf(chat(CODE, model="auto"), snapshot, grant(), UNBOUND, down), clock)


def test_a_key_of_its_own_rights(tmp_path: Path) -> None:
    """What a key may not call is left out as well."""
    snapshot, clock = make(tmp_path), SteppingClock()
    case = AsIf(chat(CODE, model="auto"), snapshot, grant("small"), UNBOUND, stand_ins(snapshot, None, 0.0))
    _, explanation = decide_as_if(case, clock)
    assert [(one.model, one.why) for one in explanation.left_out] == [("large", "not entitled by the key")]


def test_a_name_that_leaves_nothing_to_a_router(tmp_path: Path) -> None:
    """A model that the caller named is no question for a router."""
    snapshot, clock = make(tmp_path), SteppingClock()
    with pytest.raises(NotFound, match="leaves nothing to a router"):
        decide_as_if(AsIf(chat(model="small"), snapshot, grant(), UNBOUND, stand_ins(snapshot, None, 0.0)), clock)


async def test_without_limits(tmp_path: Path) -> None:
    """Where a plan has no limits, the chosen model serves, however much were used."""
    snapshot, clock = make(tmp_path), SteppingClock()
    case = AsIf(chat(CODE, model="auto"), snapshot, grant(), UNBOUND, stand_ins(snapshot, None, 0.0))
    choice, _ = decide_as_if(case, clock)
    on_plan = await admit_as_if(case, choice, used_percent=100, clock=clock)
    assert (on_plan.served, on_plan.notices, on_plan.refused) == ("large", (), "")
