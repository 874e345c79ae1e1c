"""``triplepoint receipt``: what one answer was, and what it cost."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from triplepoint.app import open_installation
from triplepoint.cli.options import AsJson, Folder
from triplepoint.foundation.errors import NotFound
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.decision_words import candidate_table, decision_facts
from triplepoint.ledger.drain import drain_if_free
from triplepoint.ledger.energies import add_energies, carbon_text, energy_text
from triplepoint.ledger.model import AttemptRow, Receipt
from triplepoint.ledger.receipts import moment_text, printable, public_receipt

app = typer.Typer(help="Receipts: what each answer was, and what it cost.", no_args_is_help=True)


@app.callback()
def receipts() -> None:
    """Keep ``show`` a command of its own, though it is the only one."""


@app.command()
def show(
    receipt_id: Annotated[str, typer.Argument(metavar="ID", help="As in the header x-triplepoint-receipt: rcpt_…")],
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Show a receipt with all its attempts."""
    with open_installation(folder) as installation:
        drain_if_free(installation.data, installation.ledger, meter=installation.meter)
        receipt = installation.ledger.receipt(receipt_id)
    if receipt is None:
        raise NotFound(f"there is no receipt {receipt_id} in this ledger; `triplepoint ledger tail` shows the latest")
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(public_receipt(receipt)), indent=2).decode())
    else:
        console = Console(highlight=False)
        console.print(_summary(receipt))
        if (routed := receipt.attempts[0].routed) is not None:
            console.print(_pairs("decision", decision_facts(routed)))
            console.print(_candidates(receipt.attempts[0]))
        for row in receipt.attempts:
            console.print(_attempt(row))


def _summary(receipt: Receipt) -> Table:
    return _pairs(
        f"receipt {receipt.id}",
        {
            "time": moment_text(receipt.created_us),
            "request": f"{receipt.endpoint}  {receipt.request_id}",
            "customer, key": f"{receipt.customer_id}  {receipt.key_id}",
            "asked → served": f"{receipt.asked_model} → {receipt.served_model}",
            "why": receipt.decision,
            "line-up": receipt.lineup,
            "outcome": receipt.outcome or "running",
            "cost": _money(receipt.cost_usd),
            **_plan(receipt.attempts[0], receipt.charge_usd),
            **_energies(receipt.attempts),
        },
    )


def _candidates(first: AttemptRow) -> Table:
    found = candidate_table(first)
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for name in found.columns:
        table.add_column(name, overflow="fold", justify="left" if name in {"model", "why"} else "right")
    for row in found.rows:
        table.add_row(*(escape(printable(text)) for text in row))
    return table


def _attempt(row: AttemptRow) -> Table:
    ending = [row.outcome or "running", str(row.status or ""), row.error or "", row.finish_reason or ""]
    pairs = {
        "upstream": f"{row.upstream}  {row.upstream_model}",
        "why": row.decision,
        "outcome": "  ".join(part for part in ending if part),
        "tokens": _tokens(row.usage),
        "price": row.price_id,
        "cost": _money(row.cost_usd),
        "burnt": ", ".join(f"${usd} of {grant}" for grant, usd in row.burnt.items()),
        "escalated from": row.escalated_from or "",
        "unreserved": "the counters were away, and the plan says to go on" if row.unreserved else "",
        **_energies([row]),
        "first byte, total": f"{_seconds(row.first_byte_us)}, {_seconds(row.total_us)}",
        "notices": "; ".join(row.notices),
        "tags": ", ".join(f"{name}={value}" for name, value in row.tags.items()),
    }
    return _pairs(f"attempt {row.attempt}", {name: value for name, value in pairs.items() if value})


def _plan(first: AttemptRow, charge_usd: str | None) -> dict[str, str]:
    """Say what the customer pays, and whether it got what it asked for; nothing where there are no plans."""
    if not first.plan:
        return {}
    moved = {} if first.downgraded_from is None else {"moved down from": first.downgraded_from}
    return {"plan": first.plan, "charge": _money(charge_usd), **moved}


def _pairs(title: str, pairs: dict[str, str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", show_header=False, box=None, padding=(0, 2))
    table.add_column()
    table.add_column(overflow="fold")  # an id or a hash that is cut says nothing
    for name, value in pairs.items():
        table.add_row(f"[dim]{name}[/dim]", escape(printable(value)))
    return table


def _tokens(usage: Usage) -> str:
    parts = [f"input {_known(usage.input_tokens)}", f"output {_known(usage.output_tokens)}"]
    details = {
        "cache read": usage.cache_read_tokens,
        "cache write": usage.cache_write_tokens,
        "reasoning": usage.reasoning_tokens,
    }
    parts += [f"{name} {count}" for name, count in details.items() if count]
    source = f"{usage.source} by {usage.tokenizer}" if usage.tokenizer else usage.source
    return ", ".join(parts) + ("" if usage.source is UsageSource.UNKNOWN else f"  ({source})")


def _known(count: int | None) -> str:
    return "unknown" if count is None else str(count)


def _money(usd: str | None) -> str:
    return "unknown" if usd is None else f"${usd}"


def _energies(rows: list[AttemptRow]) -> dict[str, str]:
    known = add_energies(rows)
    return {
        "energy": "unknown" if known is None else energy_text(known),
        "carbon": "unknown" if known is None else carbon_text(known),
    }


def _seconds(duration_us: int | None) -> str:
    return "unknown" if duration_us is None else f"{duration_us / 1e6:.3f} s"
