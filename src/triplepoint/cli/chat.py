"""``triplepoint chat``: ask the family a question from the terminal, and see the receipt."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from triplepoint.app import open_installation
from triplepoint.cli.client import GatewayClient, gateway_client
from triplepoint.cli.options import AsJson, Folder

Messages = list[dict[str, str]]


def chat(
    prompt: Annotated[str | None, typer.Argument(help="A question; without one, a conversation until Ctrl-D.")] = None,
    model: Annotated[str, typer.Option("--model", "-m", help="Model, alias, pin, or auto.")] = "auto",
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest answer.")] = 256,
    key: Annotated[str | None, typer.Option(help="Key; by default TRIPLEPOINT_KEY or this machine's first key.")] = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Talk to the running gateway; each answer is followed by what it was served by and what it cost."""
    with open_installation(folder) as installation:
        client = gateway_client(installation, key)
        messages: Messages = []
        console = Console(highlight=False)
        while True:
            question = prompt if prompt is not None else _ask(console)
            if question is None:
                return
            messages.append({"role": "user", "content": question})
            answer = _answer(client, model, messages, max_tokens, console, as_json=as_json)
            messages.append({"role": "assistant", "content": answer})
            if prompt is not None:
                return


def _ask(console: Console) -> str | None:
    try:
        return console.input("[bold]you[/bold] ")
    except EOFError:
        return None


def _answer(client: GatewayClient, model: str, messages: Messages, max_tokens: int, console: Console, *, as_json: bool) -> str:
    body: dict[str, Any] = {"model": model, "messages": messages, "max_tokens": max_tokens, "stream": True}
    pieces: list[str] = []
    receipt_id = ""
    for event in client.stream("/chat/completions", body):
        if "headers" in event:
            receipt_id = event["headers"]["x-triplepoint-receipt"]
            continue
        for choice in event.get("choices", []):
            piece = choice.get("delta", {}).get("content") or ""
            pieces.append(piece)
            if not as_json:
                console.print(piece, end="", markup=False)
    receipt = client.get(f"/receipts/{receipt_id}")
    text = "".join(pieces)
    if as_json:
        print(json.dumps({"text": text, "receipt": receipt}))
    else:
        console.print(f"\n[dim]{_summary(receipt)}[/dim]")
    return text


def _summary(receipt: dict[str, Any]) -> str:
    usage = receipt["attempts"][-1]["usage"]
    tokens = f"{usage['input_tokens']}+{usage['output_tokens']} tokens"
    cost = "price unknown" if receipt["cost_usd"] is None else f"${receipt['cost_usd']}"
    return f"{receipt['served_model']} · {receipt['decision']} · {tokens} · {cost} · {receipt['id']}"
