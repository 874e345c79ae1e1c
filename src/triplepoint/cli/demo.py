"""``triplepoint demo``: plays real prompts through ``auto``, so that ledger and console have life."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from triplepoint.app import open_installation
from triplepoint.cli.client import GatewayClient, gateway_client
from triplepoint.cli.options import AsJson, Folder
from triplepoint.foundation.errors import TriplepointError
from triplepoint.ledger.receipts import total_usd

_AT_ONCE = 2


def demo(
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many prompts; there are 34.")] = 24,
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest answer.")] = 48,
    model: Annotated[str, typer.Option("--model", "-m", help="Model, alias, pin, or auto.")] = "auto",
    key: Annotated[str | None, typer.Option(help="Key; by default TRIPLEPOINT_KEY or this machine's first key.")] = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Play MT-bench questions (Apache-2.0) through the running gateway, and sum up what they cost."""
    prompts = _prompts()[:count]
    with open_installation(folder) as installation:
        client = gateway_client(installation, key)
        console = Console(stderr=as_json, highlight=False)
        played: list[dict[str, Any]] = []
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            results = pool.map(partial(_play, client, model, max_tokens), prompts)
            for number, result in enumerate(results, 1):
                played.append(result)
                console.print(_line(number, len(prompts), result), markup=False, soft_wrap=True)
    if as_json:
        print(json.dumps(played))
    else:
        console.print(_totals(played))
    if any("error" in result for result in played):
        raise typer.Exit(1)


def _prompts() -> list[dict[str, Any]]:
    text = files("triplepoint.cli").joinpath("data/demo_prompts.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def _play(client: GatewayClient, model: str, max_tokens: int, prompt: dict[str, Any]) -> dict[str, Any]:
    body = {
        "model": model,
        "messages": [{"role": "user", "content": prompt["prompt"]}],
        "max_tokens": max_tokens,
        "triplepoint": {"tags": {"demo": prompt["category"]}},
    }
    played: dict[str, Any] = {"category": prompt["category"], "prompt": prompt["prompt"]}
    try:
        reply = client.post("/chat/completions", body)
        played["answer"] = reply.body["choices"][0]["message"]["content"]
        played["receipt"] = client.get(f"/receipts/{reply.headers['x-triplepoint-receipt']}")
    except TriplepointError as error:
        played["error"] = f"{error.code}: {error.message}"
    return played


def _line(number: int, of: int, played: dict[str, Any]) -> str:
    question = " ".join(played["prompt"].split())[:46]
    head = f"{number:>3}/{of}  {played['category']:<10} {question:<46}  "
    if "error" in played:
        return head + played["error"]
    receipt = played["receipt"]
    seconds = sum(attempt["total_ms"] or 0 for attempt in receipt["attempts"]) / 1000
    return head + f"→ {receipt['served_model']:<8} {receipt['decision']:<28} ${receipt['cost_usd'] or '?'}  {seconds:.1f} s"


def _totals(played: list[dict[str, Any]]) -> Table:
    receipts = [result["receipt"] for result in played if "receipt" in result]
    table = Table("model", "answers", "share", "cost", title="Served by", title_justify="left")
    counts = Counter(receipt["served_model"] for receipt in receipts)
    for name, answers in counts.most_common():
        cost = total_usd([receipt["cost_usd"] for receipt in receipts if receipt["served_model"] == name])
        table.add_row(name, str(answers), f"{answers / len(receipts):.0%}", "unknown" if cost is None else f"${cost}")
    return table
