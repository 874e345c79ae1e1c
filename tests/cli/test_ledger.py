"""``triplepoint ledger`` and ``triplepoint receipt``, over an installation with a journal that nobody has drained."""

import csv
import json
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.ledger.events.receiver import Receiver, receive
from typer.testing import CliRunner, Result

from triplepoint.cli import ledger, receipt
from triplepoint.foundation.errors import NotFound, RequestInvalid
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.model import Closed, Opened, Outcome
from triplepoint.ledger.routed import CandidateRecord, RoutedRecord
from triplepoint.settings import JournalSettings

NOON_US = 1_767_960_000_000_000  # 2026-01-09 12:00 UTC
DAY_US = 86_400_000_000


def _opened(number: int, attempt: int = 1) -> Opened:
    return Opened(
        receipt_id=f"rcpt_{number}",
        attempt=attempt,
        at_us=NOON_US + number * DAY_US,
        customer_id="cust_a",
        key_id="key_1",
        request_id=f"req_{number}",
        endpoint="/v1/chat/completions",
        asked_model="auto",
        served_model="regular",
        upstream="here",
        upstream_model="m.gguf",
        lineup="f" * 64,
        decision="rule: holds code",
        stream=False,
        price_id="here/m@2026-01-01#1f3a",
        input_estimate=100,
        input_usd_per_mtok="0.15",
        tags={"team": "[bold]blue[/bold]"},
    )


def _closed(number: int, attempt: int = 1, *, cost_usd: str | None = "0.000123") -> Closed:
    is_known = cost_usd is not None
    return Closed(
        receipt_id=f"rcpt_{number}",
        attempt=attempt,
        at_us=NOON_US + number * DAY_US + 840_000,
        outcome=Outcome.FINISHED if is_known else Outcome.FAILED,
        status=200 if is_known else 503,
        error=None if is_known else "upstream_overloaded",
        usage=Usage(input_tokens=412, output_tokens=48, source=UsageSource.REPORTED) if is_known else Usage(),
        cost_usd=cost_usd,
        first_byte_us=120_000,
        total_us=840_000,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give an installation whose gateway served three requests, the last in two attempts, and left a journal."""
    (tmp_path / "triplepoint.yaml").write_text("lineup: test\nupstreams: {}\n")
    with Journal(tmp_path / ".triplepoint", boot="boot_a", settings=JournalSettings()) as journal:
        for record in (_opened(0), _closed(0), _opened(1), _closed(1, cost_usd=None), _opened(1, 2), _closed(1, 2), _opened(2)):
            journal.write(record)
    return tmp_path


Run = Callable[..., Result]


@pytest.fixture
def run(folder: Path) -> Run:
    """Give what runs a command of the ledger on the installation."""

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(ledger.app, [*arguments, "--dir", str(folder)], catch_exceptions=False)

    return invoke


def test_tail_shows_the_latest_last(run: Run) -> None:
    """Attempts come one a line, the newest last, though no control plane has drained the journal."""
    lines = run("tail", "-n", "2").stdout.splitlines()
    assert [line.split()[-1] for line in lines] == ["2", "interrupted"]
    assert "rcpt_1  attempt 2" in lines[0]
    assert "412+48 tok" in lines[0]
    assert "~100+? tok" in lines[1]
    assert len(run("tail").stdout.splitlines()) == 4
    rows = [json.loads(line) for line in run("tail", "--json").stdout.splitlines()]
    assert [(row["receipt_id"], row["attempt"], row["cost_usd"]) for row in rows] == [
        ("rcpt_0", 1, "0.000123"),
        ("rcpt_1", 1, None),
        ("rcpt_1", 2, "0.000123"),
        ("rcpt_2", 1, "0.000015"),
    ]


def test_following_tells_of_each_attempt_as_it_ends(folder: Path) -> None:
    """With --follow a line appears a moment after an attempt has ended."""
    program = "import sys; from triplepoint.cli.ledger import app; app(sys.argv[1:])"
    command = [sys.executable, "-c", program, "tail", "-n", "0", "--follow", "--json", "-C", str(folder)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following,
        Journal(folder / ".triplepoint", boot="boot_b", settings=JournalSettings()) as journal,
    ):
        assert following.stdout is not None
        _write_until_told(journal, following.stdout.fileno())
        row = json.loads(following.stdout.readline())
        assert (row["outcome"], row["cost_usd"]) == ("finished", "0.000123")
        following.kill()


def _write_until_told(journal: Journal, fd: int) -> None:
    give_up_s = time.monotonic() + 20
    number = 10
    while not select.select([fd], [], [], 0.1)[0]:
        assert time.monotonic() < give_up_s
        journal.write(_opened(number))
        journal.write(_closed(number))
        number += 1


def test_old_days_are_forgotten_and_their_sums_stay(run: Run) -> None:
    """Attempts before a day are gone, sums and audit log are not; without a yes nothing happens."""
    before = run("sum", "--json").stdout
    refused = run("forget", "--before", "2026-01-10")
    assert (refused.exit_code, len(run("tail").stdout.splitlines())) == (1, 4)
    assert json.loads(run("forget", "--before", "2026-01-10", "--yes", "--json").stdout) == {"removed": 1}
    assert [json.loads(line)["receipt_id"] for line in run("tail", "--json").stdout.splitlines()] == [
        "rcpt_1",
        "rcpt_1",
        "rcpt_2",
    ]
    assert run("sum", "--json").stdout == before


def test_sums_are_exact_and_name_the_unknown(run: Run) -> None:
    """Totals hold every ended attempt, the exact cost, and how many have no known cost."""
    told = json.loads(run("sum", "--by", "customer", "--json").stdout)
    (total,) = told["totals"]
    assert (told["by"], told["unmatched"], total["group"]) == ("customer", 0, "cust_a")
    assert (total["requests"], total["attempts"], total["failed"]) == (3, 4, 2)
    assert (total["cost_usd"], total["unpriced"], total["unknown_usage"]) == ("0.000261", 1, 2)
    assert total["unmetered"] == 4
    shown = run("sum", "--by", "model").stdout
    assert "$0.000261" in shown
    assert "gCO₂e" in shown


def test_energy_is_in_sums_and_receipts(run: Run, folder: Path) -> None:
    """What the settings say of an upstream is on its attempts; one without counts has none, and the sum says how many."""
    energy = "{active_params_b: 1.5, zone: FRA}"
    (folder / "triplepoint.yaml").write_text(
        f"lineup: test\nupstreams: {{here: {{kind: local, gguf: m.gguf, energy: {energy}}}}}\n"
    )
    (total,) = json.loads(run("sum", "--by", "customer", "--json").stdout)["totals"]
    assert total["unmetered"] == 2
    assert 0 < float(total["energy_low_wh"]) < float(total["energy_wh"]) < float(total["energy_high_wh"])
    assert float(total["carbon_g"]) > 0
    shown = CliRunner().invoke(receipt.app, ["show", "rcpt_0", "-C", str(folder)], catch_exceptions=False).stdout
    assert "Wh (" in shown
    assert "modelled" in shown
    assert "gCO₂e (" in shown
    attempt = json.loads(CliRunner().invoke(receipt.app, ["show", "rcpt_0", "--json", "-C", str(folder)]).stdout)["attempts"][0]
    assert float(attempt["energy"]["wh"]) * 2 == pytest.approx(float(total["energy_wh"]))


def test_sums_begin_where_they_are_told_to(run: Run) -> None:
    """A day is that of UTC, and only hours from it on count."""
    days = [total["group"] for total in json.loads(run("sum", "--since", "2026-01-10", "--json").stdout)["totals"]]
    assert days == ["2026-01-10", "2026-01-11"]


def test_exports_take_their_format_from_the_name(run: Run, folder: Path) -> None:
    """The file's ending says the format, an option overrules it, and without either the command says what to give."""
    assert run("export", "-o", str(folder / "all.csv")).stdout.startswith("4 attempts written to ")
    with (folder / "all.csv").open(newline="") as file:
        assert [row["cost_usd"] for row in csv.DictReader(file)] == ["0.000123", "", "0.000123", "0.000015"]
    told = run("export", "-o", str(folder / "late"), "--format", "jsonl", "--since", "2026-01-11", "--json").stdout
    assert json.loads(told) == {"attempts": 1, "file": str(folder / "late"), "format": "jsonl"}
    refused = run("export", "-o", str(folder / "what.xyz"))
    assert refused.exit_code == 2
    assert "--format" in refused.output


def test_usage_events_are_exported_and_pushed(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file has every ended attempt; a push sends each once, with the token that the environment holds."""
    out = folder / "events"
    assert json.loads(run("export", "-o", str(out), "--format", "cloudevents", "--json").stdout)["attempts"] == 4
    written = {event["id"]: event for event in map(json.loads, out.read_text("utf-8").splitlines())}
    assert {event["source"][:29] for event in written.values()} == {"urn:triplepoint:installation:"}
    monkeypatch.setenv("METER_TOKEN", "sesame")
    with receive(Receiver()) as receiver:
        told = run("push", receiver.url, "--bearer", "METER_TOKEN", "--json").stdout
        assert json.loads(told)["events"] == 4
        assert "0 events delivered" in run("push", receiver.url).stderr
        assert (receiver.events(), receiver.heads[0]["authorization"]) == (written, "Bearer sesame")
        other = run("push", receiver.url, "--name", "other", "--from-now", "--json").stdout
        assert (json.loads(other)["events"], len(receiver.deliveries)) == (0, 4)
    with pytest.raises(RequestInvalid, match="no NO_TOKEN"):
        run("push", "https://x/y", "--bearer", "NO_TOKEN")


def test_draining_by_hand_says_what_it_did(run: Run) -> None:
    """The first drain takes everything in, the second finds nothing."""
    first = json.loads(run("drain", "--json").stdout)
    assert (first["opened"], first["closed"], first["interrupted"], first["segments"]) == (4, 3, 1, 1)
    assert run("drain").stdout.startswith("0 opened, 0 closed, 0 interrupted")


def test_a_receipt_shows_how_it_was_decided(folder: Path) -> None:
    """The decision's facts and a table of the models, with what spoke against each; with --json the same as values."""
    candidates = (CandidateRecord("regular", 0.83, 52.0, 0.00002), CandidateRecord("nano", why_not="lacks [images]"))
    routed = RoutedRecord("learned", scorer="0123456789ab", thrift=40, propensity=0.985, candidates=candidates)
    with Journal(folder / ".triplepoint", boot="boot_decided", settings=JournalSettings()) as journal:
        journal.write(msgspec.structs.replace(_opened(9), routed=routed))
        journal.write(_closed(9))
    shown = CliRunner().invoke(receipt.app, ["show", "rcpt_9", "-C", str(folder)], catch_exceptions=False).stdout
    for text in ("learned, scorer 0123456789ab", "probability 0.985", "83.0 %", "$0.00002", "chosen", "lacks [images]"):
        assert text in shown
    said = json.loads(CliRunner().invoke(receipt.app, ["show", "rcpt_9", "--json", "-C", str(folder)]).stdout)
    assert [one["model"] for one in said["routed"]["candidates"]] == ["regular", "nano"]


def test_a_receipt_is_shown_whole(folder: Path) -> None:
    """Every attempt is shown, names are text and not markup, and the JSON is what the customer may see."""
    runner = CliRunner()
    shown = runner.invoke(receipt.app, ["show", "rcpt_1", "-C", str(folder)], catch_exceptions=False).stdout
    for expected in ("receipt rcpt_1", "attempt 2", "upstream_overloaded", "$0.000123", "team=[bold]blue[/bold]", "unknown"):
        assert expected in shown
    told = json.loads(
        runner.invoke(receipt.app, ["show", "rcpt_1", "--json", "-C", str(folder)], catch_exceptions=False).stdout
    )
    assert (told["id"], told["cost_usd"], len(told["attempts"])) == ("rcpt_1", None, 2)


def test_an_unknown_receipt_is_not_found(folder: Path) -> None:
    """An id that the ledger does not have is said, with what to do next."""
    with pytest.raises(NotFound, match="ledger tail"):
        CliRunner().invoke(receipt.app, ["show", "rcpt_x", "-C", str(folder)], catch_exceptions=False)
