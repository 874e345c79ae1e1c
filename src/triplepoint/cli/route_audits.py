"""``triplepoint route audits`` and ``labels``: how often the router is wrong, and what can be learnt from that."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from triplepoint.app import Installation, open_installation
from triplepoint.cli.options import AsJson, Folder
from triplepoint.files.replacing import replacing
from triplepoint.foundation.errors import NotFound, StoreFault
from triplepoint.ledger.drain import drain_if_free
from triplepoint.routing.audits.labels import label_rows
from triplepoint.routing.audits.report import MisrouteReport
from triplepoint.routing.guarantee.misroutes import Misroutes, Rate, Slice
from triplepoint.stats.binomial import Interval

_NOTHING = "–"
_SHOWN_STREAMS = 5


def audits(folder: Folder = Path(), as_json: AsJson = False) -> None:
    """Show how often the active line-up's router is wrong, by its audits: rates with intervals, alarms, what it cost.

    A misroute is a decision that its audit refutes: the strongest model's answer was materially better (under-route), or the
    next weaker model would have done (over-route). Each interval is of 95 % confidence, by itself.
    """
    with open_installation(folder) as installation:
        _take_in(installation)
        report = installation.misroutes.report()
    if report is None:
        raise NotFound("the active line-up's router has no audit; add router.audit to its file", code="no_audit")
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    else:
        _print(report)


def labels(
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write (.jsonl); replaced as a whole.", dir_okay=False)],
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only of requests from this day (UTC) on.")
    ] = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Write what audits and customers' ratings say of models as training rows, JSON lines in the layout of `route train`.

    There are no prompts in it, for none are kept: groups, signals, scores, lengths and costs are.
    """
    with open_installation(folder) as installation:
        _take_in(installation)
        rows = _rows(installation, since)
    lines = msgspec.json.Encoder().encode_lines(rows)
    try:
        with replacing(out) as file:
            file.write(lines)
    except OSError as error:
        raise StoreFault(f"{out} cannot be written: {error.strerror or error}") from error
    counts = {name: sum(row["source"] == name for row in rows) for name in ("audit", "feedback")}
    if as_json:
        print(msgspec.json.encode({"rows": len(rows), "of": counts, "file": str(out)}).decode())
    else:
        print(f"{counts['audit']} rows of audits and {counts['feedback']} of feedback written to {out}")


def _take_in(installation: Installation) -> None:
    drain_if_free(installation.data, installation.ledger, meter=installation.meter)


def _rows(installation: Installation, since: datetime | None) -> list[dict[str, Any]]:
    store = installation.audits
    since_us = None if since is None else int(since.replace(tzinfo=UTC).timestamp()) * 1_000_000
    found, ratings = list(store.iterate(since_us=since_us)), store.ratings(since_us=since_us)
    receipts = {one.receipt_id for one in (*found, *ratings)}
    answers = store.answers(receipts, since_us=since_us)
    return list(label_rows(found, ratings, decisions=store.decisions(receipts), answers=answers))


def _print(report: MisrouteReport) -> None:
    console = Console(highlight=False)
    undecided = f"{report.undecided / report.audits:.1%} undecided" if report.audits else "nothing to say yet"
    cost = f"{report.cost_usd} USD" + (f", {report.unpriced} of unknown cost" if report.unpriced else "")
    console.print(
        f"[bold]{escape(report.lineup)}[/bold] {report.lineup_hash}: {report.audits} audits of {report.share:.3%} of the "
        f"requests to auto; {undecided}; they cost {cost}"
    )
    if report.rates:
        console.print(_table(report.rates))
    for stream in report.watched[:_SHOWN_STREAMS]:
        name = " ".join(part for part in (stream.watched, stream.reference, stream.name) if part)
        console.print(
            f"  {escape(name)}: {stream.found} of {stream.audits}, limit {stream.limit:.3g}, evidence {stream.evidence:,.1f}"
        )
    for alarm in report.alarms:
        console.print(f"[bold red]alarm[/bold red]: {escape(alarm)}")
    if not report.alarms:
        console.print(f"no alarm; there is one where under-routes are above {report.alarm_above:.3g}")
    for one in report.lapses:
        console.print(
            f"[bold red]lapsed[/bold red]: the certificate for {escape(one.reference)}, {escape(one.group or 'pooled')}"
        )


def _table(rates: list[Misroutes]) -> Table:
    table = Table("of", "name", "audits", "under-routes", "95 %", "whatever the undecided are", "over-routes", "95 % ")
    for one in rates:
        name = one.name or (_NOTHING if one.slice is not Slice.ALL else "")
        under, over = one.under, one.over
        over_rate, over_interval = (_rate(over), _interval(over.interval)) if over.audits else (_NOTHING, _NOTHING)
        table.add_row(
            one.slice.value,
            escape(name),
            f"{under.audits:,}",
            _rate(under),
            _interval(under.interval),
            _interval(under.bounds),
            over_rate,
            over_interval,
        )
    return table


def _rate(rate: Rate) -> str:
    return _NOTHING if rate.rate is None else f"{rate.rate:.1%}"


def _interval(interval: Interval) -> str:
    return f"{interval.low:.1%} … {interval.high:.1%}"
