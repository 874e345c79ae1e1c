"""Thrift: taken where somebody goes by it, refused in words where nobody would."""

from dataclasses import replace
from typing import Any

import pytest
from tests.gateway.generated import Wilful
from tests.gateway.harness import Running, model, openai_upstream
from tests.gateway.making import chat, snapshot_of
from tests.gateway.raw import post, question

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.gateway.dials import refuse_vain_thrift
from triplepoint.gateway.snapshot import LineupRoutes
from triplepoint.plans.terms import UNBOUND


class Thrifty(Wilful):
    """A router that has the dial."""

    takes_thrift = True


@pytest.fixture(scope="module")
def lineup(tmp_path_factory: pytest.TempPathFactory) -> LineupRoutes:
    """Compile a line-up whose router has no dial."""
    router = {"kind": "fixed", "default": "m"}
    folder = tmp_path_factory.mktemp("dials")
    made = snapshot_of(folder, upstreams={"a": openai_upstream(1)}, models={"m": model("a")}, lineup={"router": router})
    return made.active


@pytest.mark.parametrize("value", [-1, 101, 5000, "50", 50.5, True, [50], {}])
def test_a_wrong_setting_is_refused(value: Any) -> None:
    """Thrift is a whole number from 0 to 100, and the refusal names the member."""
    with pytest.raises(RequestInvalid, match="from 0") as refused:
        chat(triplepoint={"thrift": value})
    assert refused.value.param == "triplepoint.thrift"


@pytest.mark.parametrize("value", [0, 1, 50, 100])
def test_a_right_one_is_read(value: int) -> None:
    """Both ends count; null and nothing leave the dial alone."""
    assert chat(triplepoint={"thrift": value}).controls.thrift == value
    assert chat(triplepoint={"thrift": None}).controls.thrift is None
    assert chat().controls.thrift is None


def test_the_dial_is_where_the_router_and_the_plan_have_it(lineup: LineupRoutes) -> None:
    """A router that weighs no cost, no router at all, or a plan without the dial: each is said in its own words."""
    thrifty = replace(lineup, router=Thrifty(["m"]))
    refuse_vain_thrift(thrifty, UNBOUND)
    refuse_vain_thrift(thrifty, replace(UNBOUND, dials=frozenset({"thrift"})))
    for where in (lineup, replace(lineup, router=None)):
        with pytest.raises(RequestInvalid, match="line-up test offers no such dial") as refused:
            refuse_vain_thrift(where, UNBOUND)
        assert (refused.value.param, refused.value.code) == ("triplepoint.thrift", "unknown_control")
    with pytest.raises(RequestInvalid, match="plan free does not include this dial") as refused:
        refuse_vain_thrift(thrifty, replace(UNBOUND, plan="free", dials=frozenset({"warmth"})))
    assert (refused.value.param, refused.value.code) == ("triplepoint.thrift", "dial_not_entitled")


@pytest.mark.parametrize("name", ["auto", "chat", "small"])
async def test_a_dial_that_is_not_there_is_refused_by_any_name(gateway: Running, name: str) -> None:
    """Under a fixed router the dial is a 400, whatever model is asked for: set in vain must not look set."""
    answer = await post(gateway, question(model=name, triplepoint={"thrift": 30}))
    error = answer.json()["error"]
    assert (answer.status, error["param"], error["code"]) == (400, "triplepoint.thrift", "unknown_control")
