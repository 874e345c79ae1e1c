from collections import Counter

import pytest
from tests.failover.scenarios import Scenario, load_scenarios

from triplepoint.upstreams.simulated.server import SimulatedServer

SCENARIOS = load_scenarios()


def test_there_are_sixteen_scenarios() -> None:
    """The scenarios are S01 to S16, each once, and twelve of them aim at a pass."""
    assert [scenario.id for scenario in SCENARIOS.scenarios] == [f"S{number:02}" for number in range(1, 17)]
    assert Counter(scenario.expect.verdict for scenario in SCENARIOS.scenarios) == {"pass": 12, "safe": 4}


def test_the_text_has_sixty_words() -> None:
    """The answer that both upstreams give has as many words as the faults count on."""
    assert len(SCENARIOS.text.split()) == 60


@pytest.mark.parametrize("scenario", SCENARIOS.scenarios, ids=lambda scenario: scenario.id)
async def test_its_scripts_can_be_played(scenario: Scenario) -> None:
    """Each scenario has two upstreams whose scripts a simulated server takes."""
    assert list(scenario.upstreams) == ["a", "b"]
    for upstream in scenario.upstreams.values():
        async with SimulatedServer(upstream.script) as server:
            assert server.port


@pytest.mark.parametrize("scenario", SCENARIOS.scenarios, ids=lambda scenario: scenario.id)
def test_its_expectations_agree_with_themselves(scenario: Scenario) -> None:
    """An answer that ends with an error is never expected to be whole, and the served upstream is expected to be asked."""
    for expectation in [scenario.expect, *scenario.or_else]:
        assert (expectation.ends == "done") == (expectation.text == "whole")
        assert all(span.min <= span.max for span in expectation.attempts.values())
        if expectation.served_by is not None and expectation.served_by in expectation.attempts:
            assert expectation.attempts[expectation.served_by].max >= 1
