"""A restart forgets nothing: quotas begin again from what ledger and journal hold, however the gateway before ended."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import yaml
from tests.gateway.conftest import running_simulations
from tests.gateway.harness import (
    ADMIN,
    Running,
    await_ready,
    free_port,
    launch_gateway,
    model,
    openai_upstream,
    start_gateway,
    write_configuration,
)
from tests.gateway.raw import Raw, call, post, request
from tests.gateway.speaking import script, user

from triplepoint.ledger.drain import drain

PLANS: dict[str, Any] = {
    "default": "plus",
    "plans": {
        "plus": {
            "quotas": {
                "week": {"unit": "messages", "limit": 4, "per": "week"},
                "hours": {"unit": "tokens", "limit": 100_000, "sliding": "3h"},
                "money": {"unit": "charge_usd", "limit": "1", "per": "month"},
            },
            "rates": {"requests_per_minute": 5},
        }
    },
}
COUNTED = {"input_tokens": 1000, "output_tokens": 500}


def _configure(folder: Path) -> tuple[int, dict[str, int]]:
    ports = {"a": free_port()}
    port = write_configuration(folder, upstreams={"a": openai_upstream(ports["a"])}, models={"m": model("a")})
    (folder / "plans.yaml").write_text(yaml.safe_dump(PLANS), "utf-8")
    return port, ports


async def _ask(gateway: Running, **members: Any) -> Raw:
    body = {"model": "m", "messages": user(), "max_tokens": 20, **members}
    return await post(gateway, json.dumps(body).encode())


def _left(answer: Raw) -> int:
    return int(answer.headers["x-ratelimit-remaining-requests"])


async def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    """Messages, tokens, money and pace that were used before a restart are used after it."""
    port, ports = _configure(tmp_path)
    async with _simulated(port, ports, tmp_path):
        with start_gateway(tmp_path, port) as gateway:
            assert [(await _ask(gateway)).status for _ in range(3)] == [200] * 3
        with start_gateway(tmp_path, port) as gateway:
            fourth = await _ask(gateway)
            assert fourth.status == 200
            assert _left(fourth) < 4  # of 5; a fresh pace would leave 4
            assert (await _ask(gateway)).status == 429
            usage = await asyncio.to_thread(_usage, gateway)
            assert usage["hours"] == 4 * 1500
            assert usage["money"] == 4 * 0.0003


def _usage(gateway: Running) -> dict[str, float]:
    with gateway.installation() as installation:
        drain(installation.data, installation.ledger, wait_s=5)
        found = installation.plans.usage(ADMIN, "default")
        return {one.quota: float(one.used) for one in found.quotas}


async def test_a_killed_gateway_has_spent_what_it_was_sending(tmp_path: Path) -> None:
    """Requests that a gateway died under count as messages after it: killing it gives nobody a fresh quota."""
    port, ports = _configure(tmp_path)
    async with _simulated(port, ports, tmp_path, slow=True):
        with start_gateway(tmp_path, port) as gateway:
            body = json.dumps({"model": "m", "messages": user(), "stream": True, "max_tokens": 20}).encode()
            async with call(gateway) as one, call(gateway) as two, call(gateway) as three:
                for caller in (one, two, three):
                    await caller.send(request(gateway, body))
                await asyncio.sleep(1.0)
                gateway.process.send_signal(signal.SIGKILL)
                gateway.process.wait()
            process = launch_gateway(tmp_path)
            try:
                await_ready(port, process)
                assert [(await _ask(gateway)).status for _ in range(2)] == [200, 429]
            finally:
                process.terminate()
                process.wait(10)


def _simulated(port: int, ports: dict[str, int], folder: Path, *, slow: bool = False) -> Any:
    pace = {"pace": {"first_token": "4s"}} if slow else {}
    cases = [{"when": {"stream": True}, "answer": {"text": "one two", "usage": COUNTED, **pace}}] if slow else []
    answers = script(answer={"text": "one two", "usage": COUNTED}, cases=cases)
    nobody = Running(folder, port, "", None, ports)  # type: ignore[arg-type] - only its ports are asked for
    return running_simulations(nobody, a=answers)
