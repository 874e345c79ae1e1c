"""What cannot come in time is not begun: the caller gets the cheap answer while it still waits."""

import json
import time
from collections.abc import Generator

import pytest
from tests.gateway.conftest import running_simulations
from tests.gateway.escalation.family import CANNOT, STRONG, WRONG, answers, asked, family
from tests.gateway.harness import Running
from tests.gateway.raw import Raw, post

from triplepoint.gateway.escalation.durations import Durations


@pytest.fixture
def looked(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Run a family that knows nobody's speed yet."""
    with family(tmp_path_factory.mktemp("patience")) as running:
        yield running


async def ask(gateway: Running, seconds: float) -> Raw:
    """Ask, and say how long one waits."""
    return await post(gateway, json.dumps(asked()).encode(), f"x-stainless-timeout: {seconds}")


async def test_a_model_that_was_never_seen_is_taken_to_be_as_slow_as_the_first(looked: Running) -> None:
    """After 0.6 of 1 s there is no time for another 0.6 s; after 0.6 of 20 there is."""
    async with running_simulations(looked, a=answers(WRONG, pace={"first_token": "600ms"}), c=answers(STRONG)) as servers:
        started_s = time.monotonic()
        answer = await ask(looked, 1)
        assert time.monotonic() - started_s < 1
        assert answer.headers["x-triplepoint-model"] == "mini"
        wanted = f"mini answered although {CANNOT}: there is no time left to ask a stronger model"
        assert answer.headers["x-triplepoint-notice"] == wanted
        assert not servers["c"].seen
        assert (await ask(looked, 20)).headers["x-triplepoint-model"] == "thinking"


async def test_what_a_model_took_before_is_expected_of_it_again(looked: Running) -> None:
    """A slow one is not asked by who will not wait, a quick one is, whatever the first answer took."""
    async with running_simulations(looked, a=answers(WRONG), c=answers(STRONG, pace={"first_token": "1200ms"})) as servers:
        assert (await ask(looked, 20)).headers["x-triplepoint-model"] == "thinking"
        answer = await ask(looked, 1)
        assert answer.headers["x-triplepoint-model"] == "mini"
        assert len(servers["c"].seen) == 1
        assert (await ask(looked, 5)).headers["x-triplepoint-model"] == "thinking"


async def test_a_stronger_model_that_takes_too_long_after_all_leaves_the_cheap_answer(looked: Running) -> None:
    """The attempt ends with the caller's patience, and its answer is in time; what was sent is on the receipt."""
    async with running_simulations(looked, a=answers(WRONG), c=answers(STRONG, pace={"first_token": "5s"})) as servers:
        answer = await ask(looked, 1)
        assert answer.json()["choices"][0]["message"]["content"] == WRONG
        assert "thinking failed" in answer.headers["x-triplepoint-notice"]
        assert servers["c"].seen


def test_durations_follow_what_they_are_told() -> None:
    """The mean leans to the newest; streams and whole answers are apart; nothing is known of what was never seen."""
    durations = Durations()
    assert durations.expected_s("a", stream=False) is None
    durations.note("a", 1.0, stream=False)
    assert durations.expected_s("a", stream=False) == 1.0
    for _ in range(40):
        durations.note("a", 3.0, stream=False)
    assert durations.expected_s("a", stream=False) == pytest.approx(3.0, abs=0.01)
    assert durations.expected_s("a", stream=True) is None
