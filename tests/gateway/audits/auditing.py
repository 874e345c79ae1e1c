"""A family of simulated models with known quality, a judge that knows the truth, and a gateway that audits them.

``nano`` and ``regular`` answer `RIGHT` or `WRONG` by a fixed draw for each prompt; ``judge`` is scripted to see which of two
answers is right. A prompt is sent to ``nano`` unless it is long, and then to ``regular``.
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from tests.gateway.harness import (
    Running,
    free_port,
    model,
    openai_upstream,
    start_gateway,
    write_configuration,
)
from tests.gateway.raw import Raw

from triplepoint.ledger.audits.model import ACCOUNT, Audit
from triplepoint.ledger.drain import drain
from triplepoint.ledger.model import AttemptRow
from triplepoint.upstreams.simulated.model import Script
from triplepoint.upstreams.simulated.server import SimulatedServer

RIGHT = "It is so, and the book says why."
WRONG = "It is not so, whatever anybody says."
LONG = "and explain it at length, " * 20
"""What a prompt needs to be sent to ``regular``."""


def judge_cases() -> list[dict[str, Any]]:
    """Script a judge that knows which answer is right, and says so in whichever order they come."""

    def shown(first: str, second: str) -> str:
        return re.escape(f'"first":{{"text":"{first}"}},"second":{{"text":"{second}"}}')

    return [
        {"when": {"model": "judge-*", "matches": shown(RIGHT, WRONG)}, "answer": {"text": '{"better":"first"}'}},
        {"when": {"model": "judge-*", "matches": shown(WRONG, RIGHT)}, "answer": {"text": '{"better":"second"}'}},
        {"when": {"model": "judge-*"}, "answer": {"text": '{"better":"neither"}'}},
    ]


def family_script(nano: float = 0.0, regular: float = 1.0, *, seed: int = 1, **members: Any) -> Script:
    """Script all three models of one upstream.

    Args:
        nano, regular: Probability that the model gets a prompt right.
        seed: Of the draws.
        members: Of the script; cases come before the judge's.
    """
    models = {"a-model": nano, "b-model": regular, "c-model": regular}
    quality = {"models": models, "correct": RIGHT, "wrong": WRONG}
    cases = [*members.pop("cases", []), *judge_cases()]
    script = {"record": True, "seed": seed, "cases": cases, "answer": {"quality": quality}, **members}
    return Script.model_validate(script, strict=False)


def audit_router(**audit: Any) -> dict[str, Any]:
    """Return a router that sends long prompts to ``regular`` and audits everything."""
    rule = {"when": {"min_input_tokens": 100}, "use": "regular", "why": "long"}
    given = {"share": 1.0, "max_usd_per_day": "5", "judge": "judge", **audit}
    return {"kind": "rules", "rules": [rule], "default": "nano", "audit": given}


def write_family(
    folder: Path,
    *,
    router: Mapping[str, Any] | None = None,
    upstream: Mapping[str, Any] | None = None,
    models: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> tuple[int, dict[str, int]]:
    """Write the configuration; returns the gateway's port and those of its upstreams: a, b and judge.

    Args:
        upstream: Further settings of every upstream.
        models: Stronger ones than judge, nano and regular, or in their place.
    """
    ports = {name: free_port() for name in ("a", "b", "judge")}
    judge = model("judge", capabilities=["chat", "json"])
    family = {"judge": judge, "nano": model("a"), "regular": model("b", price="test/dear"), **(models or {})}
    port = write_configuration(
        folder,
        upstreams={name: openai_upstream(at, **(upstream or {})) for name, at in ports.items()},
        models=family,
        lineup={"router": dict(router or audit_router())},
        settings=settings,
    )
    return port, ports


@asynccontextmanager
async def playing(
    ports: Mapping[str, int], scripts: Script | Mapping[str, Script] | None = None
) -> AsyncGenerator[dict[str, SimulatedServer]]:
    """Run the family's servers for as long as the block lasts.

    Args:
        scripts: One for all of them, or by name; what is not named is not up.
    """
    given = scripts or family_script()
    by_name = dict(given) if isinstance(given, Mapping) else dict.fromkeys(ports, given)
    servers = {name: SimulatedServer(script, port=ports[name]) for name, script in by_name.items()}
    for server in servers.values():
        await server.start()
    try:
        yield servers
    finally:
        for server in servers.values():
            await server.stop()


@contextmanager
def audited_family(folder: Path, **configuration: Any) -> Generator[Running]:
    """Run a gateway that audits; its family is not up yet.

    Args:
        configuration: Of `write_family`.
    """
    folder.mkdir(exist_ok=True)
    port, ports = write_family(folder, **configuration)
    with start_gateway(folder, port) as gateway:
        gateway.ports = ports
        yield gateway


def found(gateway: Running) -> tuple[list[Audit], list[AttemptRow]]:
    """Drain, and return audits in the order of their requests, and attempts in the order of their opening."""
    with gateway.installation() as installation:
        drain(installation.data, installation.ledger, wait_s=5)
        return list(installation.audits.iterate()), list(installation.ledger.iterate())


async def until_audited(gateway: Running, *answers: Raw, within_s: float = 10.0) -> list[Audit]:
    """Wait until all of some answers are audited; returns their audits, in the order of the answers."""
    wanted = [answer.headers["x-triplepoint-receipt"] for answer in answers]
    for _ in range(int(within_s / 0.1)):
        audits, _ = await asyncio.to_thread(found, gateway)
        by_receipt = {audit.receipt_id: audit for audit in audits}
        if all(receipt_id in by_receipt for receipt_id in wanted):
            return [by_receipt[receipt_id] for receipt_id in wanted]
        await asyncio.sleep(0.1)
    raise AssertionError(f"not audited; {metric(gateway, 'triplepoint_audits')}")


async def until_dropped(gateway: Running, why: str, *, beyond: float = 0, within_s: float = 10.0) -> float:
    """Wait until more audits than so many were dropped for a reason; returns how many."""
    for _ in range(int(within_s / 0.05)):
        count = metric(gateway, "triplepoint_audits_dropped_total").get(f'why="{why}"', 0)
        if count > beyond:
            return count
        await asyncio.sleep(0.05)
    raise AssertionError(metric(gateway, "triplepoint_audits"))


def metric(gateway: Running, name: str) -> dict[str, float]:
    """Return the samples of metrics whose names begin so, by their labels."""
    with gateway.installation() as installation:
        page = (installation.gateway.metrics() or b"").decode()
    samples: dict[str, float] = {}
    for line in page.splitlines():
        if line.startswith(name):
            head, _, value = line.rpartition(" ")
            samples[head.partition("{")[2].rstrip("}") or head] = float(value)
    return samples


def own(gateway: Running, *answers: Raw) -> list[AttemptRow]:
    """Return the attempts that audits made; of some answers, or all."""
    _, rows = found(gateway)
    receipts = {answer.headers["x-triplepoint-receipt"] for answer in answers}
    return [row for row in rows if row.customer_id == ACCOUNT and (not answers or row.audit_of in receipts)]


def last_body(server: SimulatedServer) -> Any:
    """Return the body that a server saw last."""
    return json.loads(list(server.seen)[-1].body or b"")
