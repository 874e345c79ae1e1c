"""``triplepoint credit`` and ``triplepoint quota``."""

from pathlib import Path

import pytest
from tests.cli.installation import Commands, install
from tests.cli.shapes import hold
from tests.cli.test_plan import PLANS
from tests.ledger.conftest import make_closed, make_opened

from triplepoint.cli import audit, credit, customer, key, quota, receipt
from triplepoint.foundation.errors import Conflict, NotFound, RequestInvalid
from triplepoint.ledger.journal import Journal
from triplepoint.settings import JournalSettings

DAY_US = 86_400_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give an installation with plans and the customer acme."""
    (install(tmp_path) / "plans.yaml").write_text(PLANS, "utf-8")
    Commands(customer.app, tmp_path).text("create", "acme")
    return tmp_path


@pytest.fixture
def credits_(folder: Path) -> Commands:
    """Give the commands of credit."""
    return Commands(credit.app, folder)


@pytest.fixture
def quotas(folder: Path) -> Commands:
    """Give the commands of quotas."""
    return Commands(quota.app, folder)


def _serve(commands: Commands, *, charge: str, burnt: dict[str, str] | None = None, plan: str = "") -> str:
    acme = Commands(customer.app, commands.folder).json("show", "acme")["id"]
    with commands.opened() as installation:
        now_us, data = installation.clock.now_us(), installation.data
    with Journal(data, boot="boot_a", settings=JournalSettings()) as journal:
        opened = make_opened(1, at_us=now_us, customer_id=acme, plan=plan, downgraded_from="large" if plan else None)
        journal.write(opened)
        journal.write(make_closed(1, at_us=now_us, charge_usd=charge, burnt=burnt or {}))
    return opened.receipt_id


def test_entries_of_each_kind_are_made_and_listed(credits_: Commands) -> None:
    """Standard output has the id alone; a refund finds what the journal holds; the list says what is left of grants."""
    made = credits_.text(
        "grant",
        "acme",
        "25",
        "--reason",
        "welcome",
        "--expires-at",
        "2999-01-01",
        "--priority",
        "3",
        "--idempotency-key",
        "t-1",
    ).strip()
    assert made.startswith("mony_")
    receipt = _serve(credits_, charge="0.30", burnt={made: "0.30"})
    assert credits_.text("give", "acme", "1.50", "--reason", "outage").startswith("mony_")
    refund = credits_.run("refund", receipt, "$0.10", "--reason", "wrong answer")
    assert "$0.1 of rcpt_000001 is refunded." in refund.stderr
    assert credits_.json("refund", receipt, "--reason", "wrong answer")["amount_usd"] == "0.2"
    assert credits_.json("adjust", "acme", "100", "--reason", "[setup]")["kind"] == "adjustment"
    listed = credits_.json("list", "acme")
    assert (listed[0]["burnt_usd"], listed[0]["left_usd"], listed[0]["state"]) == ("0.3", "24.7", "live")
    hold("credit-list", listed)
    text = credits_.text("list")
    for words in ("+$25", "$24.7", "-$1.5", "-$0.2", "+$100", "[setup]", receipt):
        assert words in text
    assert credits_.json("list", "--since", "2998-01-01") == credits_.json("list", "--until", "2001-01-01") == []
    assert [line["action"] for line in Commands(audit.app, credits_.folder).json("list", "-n", "5")] == [
        "credit.adjust",
        "credit.refund",
        "credit.refund",
        "credit.give",
        "credit.grant",
    ]


def test_a_command_sent_twice_under_a_key_makes_one_entry(credits_: Commands) -> None:
    """The second time gives the first id; another amount under the key is a conflict."""
    arguments = ("grant", "acme", "25", "--reason", "welcome", "--idempotency-key", "t-1", "--expires-at", "2999-01-01")
    assert credits_.text(*arguments) == credits_.text(*arguments)
    assert len(credits_.json("list")) == 1
    with pytest.raises(Conflict, match="another amount"):
        credits_.run("grant", "acme", "26", "--reason", "welcome", "--idempotency-key", "t-1", "--expires-at", "2999-01-01")


def test_wrong_credit_is_refused(credits_: Commands) -> None:
    """Amounts, moments, receipts and reasons that cannot be are told with the way out, and nothing is made."""
    for fault, match, arguments in (
        (RequestInvalid, "such as 2.50", ("grant", "acme", "2,50", "--reason", "x")),
        (RequestInvalid, "such as 2.50", ("give", "acme", "1e3", "--reason", "x")),
        (RequestInvalid, "above 0", ("adjust", "acme", "0", "--reason", "x")),
        (RequestInvalid, "reason is empty", ("give", "acme", "1", "--reason", "")),
        (RequestInvalid, "ends before", ("grant", "acme", "1", "--reason", "x", "--expires-at", "2020-01-01")),
        (NotFound, "no receipt", ("refund", "rcpt_none", "--reason", "x")),
        (NotFound, "customer list", ("grant", "nobody", "1", "--reason", "x")),
    ):
        with pytest.raises(fault, match=match):
            credits_.run(*arguments)
    both = ("--expires-in", "1d", "--expires-at", "2999-01-01")
    assert credits_.run("grant", "acme", "1", "--reason", "x", *both).exit_code == 2
    assert credits_.run("give", "acme", "1").exit_code == 2  # a reason is required
    assert credits_.json("list") == []


def test_a_refund_is_never_above_the_charge(credits_: Commands) -> None:
    """What is left of a receipt's charge bounds a refund."""
    receipt = _serve(credits_, charge="0.30")
    with pytest.raises(Conflict, match=r"at most 0\.3"):
        credits_.run("refund", receipt, "0.31", "--reason", "x")
    credits_.text("refund", receipt, "--reason", "x")
    with pytest.raises(Conflict, match="in full already"):
        credits_.run("refund", receipt, "--reason", "x")


def test_a_receipt_says_what_the_customer_pays(credits_: Commands) -> None:
    """On a plan the receipt has charge, what was burnt of which credit, and what it was moved down from."""
    receipt_id = _serve(credits_, charge="0.30", burnt={"mony_1": "0.30"}, plan="plus")
    shown = Commands(receipt.app, credits_.folder).text("show", receipt_id)
    for words in ("plus", "$0.30", "$0.30 of mony_1", "moved down from", "large"):
        assert words in shown


def test_limits_are_overridden_listed_and_ended(quotas: Commands) -> None:
    """An override has its own end and reason, is listed while it lasts, and afterwards with --all."""
    own = Commands(key.app, quotas.folder).json("create", "acme")["id"]
    made = quotas.text("override", "acme", "spend", "12.50", "--reason", "pilot", "--key", own, "--for", "7d").strip()
    forever = quotas.json("override", "acme", "day", "50", "--reason", "event", "--from", "2998-01-01", "--until", "2999-01-01")
    assert (forever["is_in_force"], forever["limit"]) == (False, "50")
    listed = quotas.json("overrides", "acme")
    assert listed[0]["until_us"] - listed[0]["since_us"] == pytest.approx(7 * DAY_US, abs=5_000_000)
    hold("quota-overrides", listed)
    text = quotas.text("overrides")
    for words in (made, "12.5", own, "pilot", "2999-01-01"):
        assert words in text
    assert quotas.json("end", made)["ended_us"] is not None
    assert [one["id"] for one in quotas.json("overrides")] == [forever["id"]]
    assert [one["id"] for one in quotas.json("overrides", "--all")] == [made, forever["id"]]
    with pytest.raises(Conflict, match="ended already"):
        quotas.run("end", made)


def test_wrong_overrides_are_refused(quotas: Commands) -> None:
    """Names, limits and moments that cannot be are told with the way out."""
    for fault, match, arguments in (
        (NotFound, "did you mean spend", ("override", "acme", "spent", "5", "--reason", "x")),
        (RequestInvalid, "whole number", ("override", "acme", "day", "5.5", "--reason", "x")),
        (RequestInvalid, "limit is digits", ("override", "acme", "day", "many", "--reason", "x")),
        (NotFound, "acme has no key", ("override", "acme", "day", "5", "--reason", "x", "--key", "key_none")),
        (NotFound, "quota overrides", ("end", "ovrd_none")),
    ):
        with pytest.raises(fault, match=match):
            quotas.run(*arguments)
    assert quotas.run("override", "acme", "day", "5").exit_code == 2
    both = ("--for", "1d", "--until", "2999-01-01")
    assert quotas.run("override", "acme", "day", "5", "--reason", "x", *both).exit_code == 2
    assert quotas.json("overrides", "--all") == []
