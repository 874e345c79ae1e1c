"""A simulated family whose answers are known beforehand: how often the router is wrong is planted, and can be looked up.

``nano`` and ``regular`` are right on each prompt by a fixed draw; ``judge`` is scripted to see which of two answers is right.
A prompt is *easy* or *hard*, and a hard one is *short* or long; routers tell them apart by a mark of code and by length, which
is all that a rules router is given here.
"""

import csv
import json
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.rig import free_port
from triplepoint.upstreams.simulated.script_file import OWN_ANSWER, load_script

RIGHT, WRONG = "It is so, and the book says why.", "It is not so, whatever anybody says."
FILLER = " Mind every case, and say which of them you have looked at." * 12
"""What makes a prompt long."""


@dataclass(frozen=True)
class Mix:
    """What traffic is like, and how good the models are on it; the numbers of research/routing.md, section 3.7."""

    hard: float = 0.40
    """Share of hard prompts."""
    short: float = 0.925
    """Share of the hard ones that are short: 37 % of all prompts."""
    nano_easy: float = 0.93
    """Probability that nano is right."""
    nano_hard: float = 0.60
    regular: float = 0.97

    def under(self, *, is_incident: bool) -> float:
        """Return the planted rate of under-routes among all requests: nano served, was wrong, and regular had been right."""
        easy = (1 - self.hard) * (1 - self.nano_easy) * self.regular
        moved = self.hard * self.short * (1 - self.nano_hard) * self.regular
        return easy + (moved if is_incident else 0.0)


def make_prompts(mix: Mix, count: int, *, seed: int) -> list[dict[str, Any]]:
    """Draw prompts, with the probability that each model gets them right."""
    draw = random.Random(seed)
    rows: list[dict[str, Any]] = []
    for number in range(count):
        is_hard = draw.random() < mix.hard
        is_long = is_hard and draw.random() >= mix.short
        text = f"Case {seed}-{number}: is it so?" + (" Refactor the Python function." if is_hard else "")
        nano = mix.nano_hard if is_hard else mix.nano_easy
        rows.append({"prompt": text + (FILLER if is_long else ""), "nano": nano, "regular": mix.regular})
    return rows


def routers(*, share: float, alarm_above: float, incident: int | None = None) -> dict[str, Any]:
    """Return a router that sends hard prompts to regular; in an incident, only the long ones among them.

    Args:
        incident: Number of the incident, which makes its line-up another one; None: all is well.
    """
    when: dict[str, Any] = {"code": True} if incident is None else {"code": True, "min_input_tokens": 100}
    rule = {"when": when, "use": "regular", "why": "hard" if incident is None else f"hard, incident {incident}"}
    audit = {"share": share, "max_usd_per_day": "1000", "judge": "judge", "alarm_above": alarm_above}
    return {"kind": "rules", "rules": [rule], "default": "nano", "audit": audit}


def write_family(folder: Path, prompts: list[dict[str, Any]], router: dict[str, Any], *, seed: int = 1) -> int:
    """Write an installation whose gateway runs the family itself; returns its port."""
    port = free_port()
    for name in ("lineups", "prices"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with (folder / "prompts.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["prompt", "nano", "regular"])
        writer.writeheader()
        writer.writerows(prompts)
    quality = {"table": "prompts.csv", "correct": RIGHT, "wrong": WRONG}
    script = {"seed": seed, "cases": _judge_cases(), "answer": {"quality": quality}}
    gateway = {"listen": f"127.0.0.1:{port}", "requests_per_minute_per_key": None}
    settings = {
        "lineup": "family",
        "gateway": gateway,
        "upstreams": {"family": {"kind": "simulated", "script": "script.yaml"}},
    }
    price = {"model": "bench/m", "since": "2026-01-01", "input_usd_per_mtok": "0.15", "output_usd_per_mtok": "0.60"}
    _write(folder / "script.yaml", script)
    _write(folder / "triplepoint.yaml", settings)
    _write(folder / "prices/bench.yaml", {"source": "made for the benchmark", "collected": "2026-01-01", "prices": [price]})
    write_router(folder, router)
    return port


def write_router(folder: Path, router: dict[str, Any]) -> None:
    """Write the family's line-up with another router."""
    target = {"upstream": "family", "price": "bench/m"}
    models = {
        name: {"context_tokens": 32000, "upstreams": [{**target, "model": name}]} for name in ("judge", "nano", "regular")
    }
    _write(folder / "lineups/family.yaml", {"lineup": "family", "models": models, "router": router})


def truth(folder: Path, prompts: list[str]) -> dict[str, tuple[bool, bool]]:
    """Return of each prompt whether nano and regular get it right, as the script's draws have it."""
    loaded = load_script(folder / "script.yaml")
    table, seed = loaded.tables[OWN_ANSWER], loaded.script.seed
    return {one: (table.is_right("nano", one, seed=seed), table.is_right("regular", one, seed=seed)) for one in prompts}


def _judge_cases() -> list[dict[str, Any]]:
    def case(first: str, second: str, better: str) -> dict[str, Any]:
        shown = re.escape(f'"first":{{"text":"{first}"}},"second":{{"text":"{second}"}}')
        return {"when": {"model": "judge", "matches": shown}, "answer": {"text": json.dumps({"better": better})}}

    return [case(RIGHT, WRONG, "first"), case(WRONG, RIGHT, "second")]


def _write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(value, sort_keys=False, width=10_000), "utf-8")
