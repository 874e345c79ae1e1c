"""Two hosts, one database, one Valkey: limits hold over both, and what happens while Valkey is away is what the plan says."""

import asyncio
import json
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.gateway.conftest import running_simulations
from tests.gateway.harness import ADMIN, Running, free_port, model, openai_upstream, start_gateway, write_configuration
from tests.gateway.raw import Raw, post
from tests.gateway.speaking import receipt_of, script, user
from tests.plans.valkey_server import ValkeyServer
from tests.postgres import PostgresServer

PLANS: dict[str, Any] = {
    "default": "closed",
    "plans": {
        "closed": {"quotas": {"week": {"unit": "messages", "limit": 5, "per": "week"}}},
        "open": {"quotas": {"week": {"unit": "messages", "limit": 4, "per": "week"}}, "counters_away": "open"},
    },
}


class Hosts:
    """Two gateways, each with a data folder of its own, and what they share."""

    def __init__(self, gateways: list[Running], valkey: ValkeyServer) -> None:
        self.gateways = gateways
        self.valkey = valkey

    def customer(self, name: str, plan: str) -> str:
        """Make a customer on a plan; returns a key, once both gateways know it."""
        with self.gateways[0].installation() as installation:
            customer = installation.access.customers.create(ADMIN, name)
            installation.plans.assignments.assign(ADMIN, customer.id, plan)
            key = installation.access.keys.create(ADMIN, customer.id, label=name).text.reveal()
        with self.gateways[1].installation() as installation:
            installation.gateway.publish()
        return key


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Generator[Hosts]:
    """Run two gateways on one PostgreSQL and one Valkey, in front of one upstream."""
    environ = {
        "TRIPLEPOINT_DATABASE_URL": postgres.make_installed(),
        "TRIPLEPOINT_SECRET": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    }
    valkey = ValkeyServer(tmp_path_factory.mktemp("valkey"))
    valkey.start()
    environ["TRIPLEPOINT_VALKEY_URL"] = valkey.url
    upstream_port = free_port()
    patch = pytest.MonkeyPatch()
    for name, value in environ.items():
        patch.setenv(name, value)
    try:
        folders = [tmp_path_factory.mktemp(f"host{number}") for number in (1, 2)]
        ports = [_configure(folder, upstream_port) for folder in folders]
        with start_gateway(folders[0], ports[0]) as one, start_gateway(folders[1], ports[1]) as two:
            for running in (one, two):
                running.ports = {"a": upstream_port}
            yield Hosts([one, two], valkey)
    finally:
        valkey.stop()
        patch.undo()


def _configure(folder: Path, upstream_port: int) -> int:
    shared = {
        "database": "${TRIPLEPOINT_DATABASE_URL}",
        "counters": {"kind": "valkey", "url": "${TRIPLEPOINT_VALKEY_URL}"},
    }
    port = write_configuration(
        folder, upstreams={"a": openai_upstream(upstream_port)}, models={"m": model("a")}, settings=shared
    )
    (folder / "plans.yaml").write_text(yaml.safe_dump(PLANS), "utf-8")
    return port


def _answers() -> Any:
    return script(answer={"text": "one two", "usage": {"input_tokens": 10, "output_tokens": 5}})


async def _ask(gateway: Running, key: str) -> Raw:
    return await post(gateway, json.dumps({"model": "m", "messages": user(), "max_tokens": 20}).encode(), key=key)


async def test_two_hosts_race_for_the_last_messages(hosts: Hosts) -> None:
    """Of 120 requests at once over two hosts exactly as many are answered as the quota has."""
    async with running_simulations(hosts.gateways[0], a=_answers()):
        key = await asyncio.to_thread(hosts.customer, "race", "closed")
        answers = await asyncio.gather(*(_ask(hosts.gateways[number % 2], key) for number in range(120)))
        assert sorted(answer.status for answer in answers) == [200] * 5 + [429] * 115


async def test_a_closed_plan_refuses_while_the_counters_are_away(hosts: Hosts) -> None:
    """Without counters nobody overspends: a closed plan answers 503, quickly, and serves again when they are back."""
    async with running_simulations(hosts.gateways[0], a=_answers()):
        key = await asyncio.to_thread(hosts.customer, "shut", "closed")
        assert (await _ask(hosts.gateways[0], key)).status == 200
        hosts.valkey.kill()
        try:
            began_s = time.monotonic()
            refused = [await _ask(hosts.gateways[0], key) for _ in range(3)]
            assert [(one.status, one.json()["error"]["code"]) for one in refused] == [(503, "counters_away")] * 3
            assert time.monotonic() - began_s < 5
            status = await asyncio.to_thread(_status, hosts.gateways[0])
            assert status.startswith("away since")
        finally:
            hosts.valkey.start()
        assert await _answered_again(hosts.gateways[0], key) == 200


def _status(gateway: Running) -> str:
    with gateway.installation() as installation:
        status = installation.gateway.status()
        assert status is not None
        return status.counters


async def test_an_open_plan_goes_on_and_counts_afterwards(hosts: Hosts) -> None:
    """While the counters are away an open plan answers, says so in the receipt, and what was used counts afterwards."""
    async with running_simulations(hosts.gateways[0], a=_answers()):
        key = await asyncio.to_thread(hosts.customer, "open", "open")
        assert (await _ask(hosts.gateways[0], key)).status == 200
        hosts.valkey.kill()
        try:
            on = [await _ask(hosts.gateways[0], key) for _ in range(3)]
            assert [one.status for one in on] == [200] * 3
            assert "limits could not be looked at" in on[0].headers["x-triplepoint-notice"]
            receipt = await receipt_of(hosts.gateways[0], on[0].headers, key)
            assert receipt["attempts"][0]["unreserved"] is True
        finally:
            hosts.valkey.start()
        async with asyncio.timeout(20):
            while (answer := await _ask(hosts.gateways[0], key)).status != 429:
                assert "x-triplepoint-notice" in answer.headers, "let in by counters that have forgotten what was used"
                await asyncio.sleep(0.1)


async def _answered_again(gateway: Running, key: str) -> int:
    for _ in range(100):
        answer = await _ask(gateway, key)
        if answer.status != 503:
            return answer.status
        await asyncio.sleep(0.1)
    return 503
