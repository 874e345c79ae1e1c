"""``triplepoint statement``, over an installation with plans and a journal that nobody has drained."""

from pathlib import Path

import pytest
from tests.cli.installation import Commands
from tests.gateway.harness import model, write_configuration

from triplepoint.access.model import Customer
from triplepoint.cli import statement
from triplepoint.cli.local import local_actor
from triplepoint.foundation.errors import NotFound, RequestInvalid, StoreFault
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.model import Closed, Opened, Outcome
from triplepoint.settings import JournalSettings

NOV_US = 1_793_491_200_000_000  # 2026-11-01 00:00 UTC
PLANS = """
default: plus
plans:
  plus: {fee_usd: 20}
"""


def _write(folder: Path, customer: Customer) -> None:
    with Journal(folder / ".triplepoint", boot="boot_a", settings=JournalSettings()) as journal:
        journal.write(
            Opened(
                receipt_id="rcpt_1",
                attempt=1,
                at_us=NOV_US + 5,
                customer_id=customer.id,
                key_id="key_1",
                request_id="req_1",
                endpoint="/v1/chat/completions",
                asked_model="auto",
                served_model="regular",
                upstream="here",
                upstream_model="m.gguf",
                lineup="f" * 12,
                decision="default",
                stream=False,
                price_id="here/m@2026-01-01#1f3a",
                input_estimate=100,
                input_usd_per_mtok="0.15",
                plan="plus",
            )
        )
        journal.write(
            Closed(
                receipt_id="rcpt_1",
                attempt=1,
                at_us=NOV_US + 9,
                outcome=Outcome.FINISHED,
                status=200,
                error=None,
                usage=Usage(input_tokens=412, output_tokens=48, source=UsageSource.REPORTED),
                cost_usd="1",
                charge_usd="1.255",
                first_byte_us=1,
                total_us=2,
            )
        )


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    """Give the commands on an installation with one customer, who made one request in November."""
    write_configuration(
        tmp_path,
        upstreams={"played": {"kind": "simulated"}},
        models={"regular": model("played", capabilities=["chat"])},
        lineup={},
    )
    (tmp_path / "plans.yaml").write_text(PLANS, "utf-8")
    commands = Commands(statement.app, tmp_path)
    with commands.opened() as installation:
        _write(tmp_path, installation.access.customers.create(local_actor(), "acme"))
    return commands


def test_a_statement_takes_in_what_the_journal_holds(commands: Commands) -> None:
    """Receipts of a moment ago are on it, and plans.yaml says what the fee is, though no gateway has run."""
    told = commands.json("show", "acme", "--period", "2026-11")
    assert [(line["plan"], line["served_model"], line["amount_usd"]) for line in told["usage"]] == [("plus", "regular", "1.26")]
    assert (told["customer_name"], told["period"], told["totals"]["usage_usd"]) == ("acme", "2026-11", "1.26")
    with commands.opened() as installation:
        assert [one.schedule.default for one in installation.revisions.all() if one.schedule is not None] == ["plus"]
    assert "Statement for acme" in commands.text("show", "acme", "--period", "2026-11").replace("Provisional s", "S")


def test_the_files_name_says_the_form(commands: Commands) -> None:
    """An ending chooses, an option overrules it, and without either the command says what to give."""
    marks = {"pdf": b"%PDF-", "html": b"<!doctype html>", "csv": b"statement_id,", "json": b"{", "txt": b"tatement for acme"}
    for ending, mark in marks.items():
        out = commands.folder / f"a.{ending}"
        told = commands.run("show", "acme", "--period", "2026-11", "--out", str(out))
        assert told.exit_code == 0, told.output
        assert mark in out.read_bytes()
        assert "acme, 2026-11: " in told.stderr
    commands.text("show", "acme", "-o", str(commands.folder / "b"), "--format", "csv")
    assert (commands.folder / "b").read_bytes().startswith(b"statement_id,")
    refused = commands.run("show", "acme", "-o", str(commands.folder / "what.xyz"))
    assert (refused.exit_code, "--format" in refused.output) == (2, True)


def test_all_customers_or_all_months_are_listed(commands: Commands) -> None:
    """Everybody for a period; or the months of one, newest first."""
    (told,) = commands.json("list", "--period", "2026-11")
    assert (told["customer_name"], told["totals"]["usage_usd"]) == ("acme", "1.26")
    months = commands.json("list", "acme")
    assert months[-1]["period"] == "2026-11"
    assert "acme" in commands.text("list", "--period", "2026-11")
    assert commands.run("list", "acme", "--period", "2026-11").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("show", "nobody"), NotFound),
        (("show", "acme", "--period", "soon"), RequestInvalid),
        (("show", "acme", "-o", "/nowhere/a.txt"), StoreFault),
    ],
)
def test_what_cannot_be_is_refused(commands: Commands, arguments: tuple[str, ...], fault: type[Exception]) -> None:
    """An unknown customer, no period, a place that cannot be written: each a fault of ours."""
    with pytest.raises(fault):
        commands.run(*arguments)
