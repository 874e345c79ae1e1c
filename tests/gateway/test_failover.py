"""The sixteen failover scenarios, through a real gateway: one gateway serves all, each scenario being a model of its own."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel
from tests.failover.scenarios import Burst, Expectation, Name, Scenario, Sequence, load_scenarios
from tests.gateway.harness import Running, free_port, model, start_gateway, write_configuration
from tests.gateway.raw import Raw, post, question
from tests.gateway.speaking import attempts_of, events, until

from triplepoint.upstreams.simulated.server import SimulatedServer

FILE = load_scenarios()
Servers = dict[Name, SimulatedServer]


@dataclass(frozen=True, slots=True)
class Played:
    """One answer of a scenario."""

    answer: Raw
    took_s: float
    attempts: list[Any]
    """Of its receipt."""

    @property
    def ends(self) -> str:
        """How it ended, in the words of the scenarios."""
        if not self.answer.headers["content-type"].startswith("text/event-stream"):
            return "error_body" if self.answer.status >= 400 else "body"
        last = [data for _, data in events(self.answer.body)][-1]
        if last == "[DONE]":
            return "done"
        return "error_event" if last.get("error") else "nothing"

    @property
    def data(self) -> list[Any]:
        """Chunks of the stream."""
        return [data for _, data in events(self.answer.body) if data != "[DONE]"] if self.ends != "error_body" else []

    @property
    def text(self) -> str:
        """What was said."""
        deltas = [choice["delta"] for data in self.data for choice in data.get("choices", [])]
        return "".join(delta.get("content") or "" for delta in deltas)

    @property
    def error(self) -> dict[str, Any]:
        """The error, in the stream or instead of it; empty for none."""
        found = json.loads(self.answer.body) if self.ends == "error_body" else self.data[-1]
        return found.get("error") or {}


def seconds(settings: BaseModel) -> dict[str, Any]:
    """Write settings as a file would have them, durations with their unit."""
    return {
        name: f"{value * 1000:g}ms" if isinstance(value, float) else value
        for name, value in settings.model_dump(exclude_defaults=True).items()
    }


def upstream(scenario: Scenario, name: Name, port: int) -> dict[str, Any]:
    """Return the definition of one of a scenario's upstreams."""
    given = scenario.upstreams[name]
    own = {"limits": seconds(given.limits), "retry": seconds(given.retry), "breaker": seconds(given.breaker)}
    return {"kind": "openai", "base_url": f"http://127.0.0.1:{port}/v1", **{key: value for key, value in own.items() if value}}


@pytest.fixture(scope="module")
def failover(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Run a gateway whose models are S01 to S16, each on its upstreams ``S01-a`` and ``S01-b``."""
    folder = tmp_path_factory.mktemp("failover")
    ports = {f"{scenario.id}-{name}": free_port() for scenario in FILE.scenarios for name in scenario.upstreams}
    port = write_configuration(
        folder,
        upstreams={
            f"{scenario.id}-{name}": upstream(scenario, name, ports[f"{scenario.id}-{name}"])
            for scenario in FILE.scenarios
            for name in scenario.upstreams
        },
        models={one.id: model(*(f"{one.id}-{name}" for name in one.upstreams)) for one in FILE.scenarios},
    )
    with start_gateway(folder, port) as running:
        running.ports = ports
        yield running


@asynccontextmanager
async def stage(gateway: Running, scenario: Scenario) -> AsyncGenerator[Servers]:
    """Run a scenario's upstreams; their times count from here."""
    servers: Servers = {
        name: SimulatedServer(one.script, port=gateway.ports[f"{scenario.id}-{name}"])
        for name, one in scenario.upstreams.items()
    }
    for server in servers.values():
        await server.start()
    try:
        yield servers
    finally:
        for server in servers.values():
            await server.stop()


async def ask(gateway: Running, scenario: Scenario) -> Played:
    """Send the scenario's request and read its answer to the end."""
    body = question(FILE.prompt, model=scenario.id, stream=scenario.stream, stream_options={"include_usage": True})
    began = time.monotonic()
    answer = await post(gateway, body)
    return Played(answer, time.monotonic() - began, await attempts_of(gateway, answer))


SINGLE = [scenario for scenario in FILE.scenarios if scenario.sequence is None]
SEVERAL = [scenario for scenario in FILE.scenarios if scenario.sequence is not None]


@pytest.mark.parametrize("scenario", SINGLE, ids=lambda scenario: scenario.id)
async def test_a_scenario_is_mastered(failover: Running, scenario: Scenario) -> None:
    """Point 32: the caller, both upstreams and the ledger see what the scenario aims at, within its time."""
    async with stage(failover, scenario) as servers:
        played = await ask(failover, scenario)
        hold(played, scenario.expect)
        await hold_upstreams(servers, scenario.expect)


@pytest.mark.parametrize("scenario", SEVERAL, ids=lambda scenario: scenario.id)
async def test_a_sequence_is_mastered(failover: Running, scenario: Scenario) -> None:
    """Point 32: every request is answered, by the other upstream while one is down, and by that one soon after it is well."""
    assert scenario.sequence is not None
    async with stage(failover, scenario) as servers:
        began = time.monotonic()
        played = await _in_step(failover, scenario, scenario.sequence)
        for one in played:
            hold(one, scenario.expect)
        served = [one.attempts[-1]["upstream"][-1] for one in played]
        last_b = len(served) - served[::-1].index("b") - 1
        assert "b" in served
        assert last_b * scenario.sequence.every <= scenario.sequence.down + scenario.sequence.back_within
        assert served[-1] == "a"
        down = [seen for seen in servers["a"].seen if seen.status == 503]
        assert len(down) < served.count("b") * 2, "the breaker spares an upstream that is down"
        assert time.monotonic() - began < 30


async def _in_step(gateway: Running, scenario: Scenario, sequence: Sequence) -> list[Played]:
    """Send requests at a steady pace, however long each takes."""

    async def one(number: int) -> Played:
        await asyncio.sleep(number * sequence.every)
        return await ask(gateway, scenario)

    return list(await asyncio.gather(*(one(number) for number in range(sequence.count))))


def hold(played: Played, expect: Expectation) -> None:
    """Check what the caller and the ledger see."""
    assert played.answer.status == expect.status
    assert played.ends == expect.ends
    assert played.took_s <= expect.max
    _hold_text(played, expect)
    if expect.error_code is not None:
        assert played.error["code"] == expect.error_code
    assert not (expect.not_error_code and played.error.get("code") == expect.not_error_code)
    if expect.has_usage:
        assert [data["usage"]["completion_tokens"] for data in played.data if data.get("usage")] == [60]
    if expect.outcomes:
        assert [attempt["outcome"] for attempt in played.attempts] == expect.outcomes
    if expect.served_by is not None:
        assert played.attempts[-1]["upstream"].endswith(f"-{expect.served_by}")
    _hold_costs(played, expect)


def _hold_text(played: Played, expect: Expectation) -> None:
    match expect.text:
        case "whole":
            assert played.text == FILE.text
        case "start":
            assert played.text
            assert FILE.text.startswith(played.text)
            assert played.text != FILE.text
        case "none":
            assert played.text == ""


def _hold_costs(played: Played, expect: Expectation) -> None:
    if not expect.charged:
        return
    for attempt in played.attempts:
        is_charged = attempt["upstream"][-1] in expect.charged
        assert (float(attempt["cost_usd"]) > 0) is is_charged
        assert attempt["usage"]["output_tokens"] == (60 if is_charged else 0)


async def hold_upstreams(servers: Servers, expect: Expectation) -> None:
    """Check what the upstreams saw."""
    for name, span in expect.attempts.items():
        assert span.min <= len(servers[name].seen) <= span.max, name
    at_a = [seen.at_s for seen in servers["a"].seen]
    if expect.gap_min:
        assert at_a[1] - at_a[0] >= expect.gap_min
    if expect.burst is not None:
        _hold_burst(servers, expect.burst)
    for name in expect.left_by_caller:
        await until(lambda name=name: all(seen.left_at_s is not None for seen in servers[name].seen))


def _hold_burst(servers: Servers, burst: Burst) -> None:
    moments = [seen.at_s for seen in servers[burst.upstream].seen]
    assert sum(moment - moments[0] <= burst.within for moment in moments) <= burst.max
