"""``triplepoint plan`` and what ``triplepoint customer`` shows of plans."""

import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from tests.cli.installation import Commands, install
from tests.cli.shapes import hold
from tests.ledger.conftest import make_closed, make_opened

from triplepoint.cli import customer, key, plan
from triplepoint.cli.local import local_actor
from triplepoint.foundation.errors import Conflict, NotFound, RequestInvalid, SettingsInvalid
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.model import Outcome
from triplepoint.settings import JournalSettings

ROOT = Path(__file__).parents[2]
PLANS = """
default: free
plans:
  free:
    about: To [try] it
    charge: {kind: included}
    models: [nano, mini]
    quotas:
      day: {unit: messages, limit: 20, per: day}
  plus:
    fee_usd: "20"
    charge: {kind: at_cost, margin_percent: "12.5"}
    floor: mini
    rates: {requests_per_minute: 60}
    quotas:
      regular-year: {unit: messages, limit: 3000, per: year, models: [regular]}
      window: {unit: tokens, limit: 100000, sliding: 3h, grace: 500, scope: key}
      spend: {unit: charge_usd, limit: "2.50", per: month, beyond: credit}
    ladder: {regular: mini}
"""


@pytest.fixture
def plans(tmp_path: Path) -> Commands:
    """Give the commands to a test, in an installation with plans and the customer acme."""
    (install(tmp_path) / "plans.yaml").write_text(PLANS, "utf-8")
    Commands(customer.app, tmp_path).text("create", "acme", "--time-zone", "Asia/Kathmandu")
    return Commands(plan.app, tmp_path)


@pytest.fixture
def seeded(tmp_path: Path) -> Commands:
    """Give the commands to a test, in an installation with the line-up and the prices that we ship."""
    for name in ("lineups", "prices"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "triplepoint.yaml", tmp_path)
    (tmp_path / "plans.yaml").write_text(PLANS, "utf-8")
    Commands(customer.app, tmp_path).text("create", "acme")
    return Commands(plan.app, tmp_path)


def _serve(commands: Commands, count: int, *, customer_id: str, key_id: str, model: str = "regular") -> None:
    """Leave a journal as a gateway that answered so often just now."""
    with commands.opened() as installation:
        now_us, data = installation.clock.now_us(), installation.data
    with Journal(data, boot="boot_a", settings=JournalSettings()) as journal:
        for number in range(count):
            who: dict[str, object] = {"customer_id": customer_id, "key_id": key_id, "served_model": model}
            journal.write(make_opened(number, 1, at_us=now_us - 1_000_000, **who))
            outcome = Outcome.FAILED if number == 0 else Outcome.FINISHED
            journal.write(make_closed(number, at_us=now_us, outcome=outcome, charge_usd="0" if number == 0 else "0.01"))


def test_plans_are_listed_and_shown_with_who_is_on_them(plans: Commands) -> None:
    """The table and the JSON have fee, charge, quotas and how many customers are on each, the default's included."""
    listed = plans.text("list")
    assert "free (default)" in listed
    assert "$20 a month" in listed
    assert "cost + 12.5 %" in listed
    assert "To [try] it" in listed
    plans.text("assign", "acme", "plus")
    hold("plan-list", plans.json("list"))
    hold("plan-show", plans.json("show", "plus"))
    shown = plans.text("show", "plus")
    for words in ("60 requests a minute for each key", "regular → mini", "100000 tokens", "in 3 h", "a year", "2.5 charge_usd"):
        assert words in shown


def test_without_a_file_it_is_said_that_nothing_is_sold(tmp_path: Path) -> None:
    """No plans.yaml is no fault: the list is empty, and the person is told what that means."""
    commands = Commands(plan.app, install(tmp_path))
    result = commands.run("list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "There is no plans.yaml" in result.stderr
    assert commands.json("list") == []
    with pytest.raises(NotFound, match=r"no plans\.yaml"):
        commands.run("show", "plus")


def test_a_customer_is_assigned_moved_and_taken_off(plans: Commands) -> None:
    """Each step prints the assignment's id alone, and the history has all of them in order."""
    made = plans.text("assign", "acme", "plus").strip()
    assert made.startswith("asgn_")
    later = plans.run("assign", "acme", "free", "--from", "2999-01-01")
    assert "acme is on free from 2999-01-01 00:00:00 UTC." in later.stderr
    ended = plans.json("end", "acme")
    assert (ended["plan"], ended["until_us"]) == (None, None)
    history = plans.json("history", "acme")
    assert [one["plan"] for one in history] == ["plus", None, "free"]
    assert history[0]["id"] == made
    assert history[0]["until_us"] == history[1]["since_us"] == ended["since_us"]
    hold("plan-history", plans.json("history"))
    assert "none of its own" in plans.text("history")


def test_usage_says_what_is_used_and_when_it_begins_anew(plans: Commands) -> None:
    """What a gateway has journalled counts at once; failed attempts do not, and each key has its own window."""
    acme = Commands(customer.app, plans.folder).json("show", "acme")["id"]
    first, second = (Commands(key.app, plans.folder).json("create", "acme")["id"] for _ in range(2))
    plans.text("assign", "acme", "plus")
    _serve(plans, 11, customer_id=acme, key_id=first)
    used = plans.json("usage", "acme")
    rows = {(one["quota"], one["key_id"]): (one["used"], one["remaining"]) for one in used["quotas"]}
    assert rows == {
        ("regular-year", None): ("10", "2990"),
        ("window", first): ("5060", "94940"),
        ("window", second): ("0", "100000"),
        ("spend", None): ("0.1", "2.4"),
    }
    hold("plan-usage", used)
    text = plans.text("usage", "acme")
    assert "acme is on plus; periods begin in Asia/Kathmandu" in text
    assert "2990" in text


def test_usage_of_those_who_are_refused_says_so(plans: Commands) -> None:
    """A plan that the file has lost, and no plan at all, are said in words and marked in JSON."""
    assert "acme is on free (the default)" in plans.text("usage", "acme")
    plans.text("assign", "acme", "plus")
    (plans.folder / "plans.yaml").write_text("plans: {only: {}}\n", "utf-8")
    assert "which plans.yaml does not have: its requests are refused" in plans.text("usage", "acme")
    plans.text("end", "acme")
    assert "acme has no plan" in plans.text("usage", "acme")
    shown = plans.json("usage", "acme")
    assert (shown["plan"], shown["is_sold"], shown["quotas"]) == (None, False, [])


def test_refusals_are_faults_of_ours(plans: Commands) -> None:
    """Unknown names, moments that have passed and the same plan again are told with the way out."""
    plans.text("assign", "acme", "plus")
    for fault, match, arguments in (
        (NotFound, "did you mean plus", ("assign", "acme", "puls")),
        (NotFound, "customer list", ("assign", "nobody", "plus")),
        (NotFound, "customer list", ("usage", "nobody")),
        (NotFound, "customer list", ("history", "nobody")),
        (NotFound, "did you mean free", ("show", "fre")),
        (Conflict, "already", ("assign", "acme", "plus")),
        (RequestInvalid, "has passed", ("assign", "acme", "free", "--from", "2020-01-01")),
    ):
        with pytest.raises(fault, match=match):
            plans.run(*arguments)
    assert plans.run("assign", "acme").exit_code == 2
    assert plans.run("assign", "acme", "free", "--from", "tomorrow").exit_code == 2


def test_a_broken_file_stops_what_needs_it_and_nothing_else(plans: Commands) -> None:
    """With a wrong plans.yaml nobody is assigned, and the fault names file and line; customers are still listed."""
    (plans.folder / "plans.yaml").write_text("default: free\nplans:\n  free: {fee: 3}\n", "utf-8")
    with pytest.raises(SettingsInvalid, match=r"plans\.yaml:3"):
        plans.run("assign", "acme", "free")
    assert Commands(customer.app, plans.folder).json("list")[0]["plan"] is None


def test_check_holds_the_file_against_the_line_up(seeded: Commands) -> None:
    """A right file passes; a ladder that leads up is found, and then only what is wrong with plans is told."""
    assert "2 plans, nothing wrong" in seeded.text("check")
    assert seeded.json("check") == {"plans": ["free", "plus"], "missing": []}
    (seeded.folder / "plans.yaml").write_text(PLANS.replace("{regular: mini}", "{mini: regular}"), "utf-8")
    with pytest.raises(SettingsInvalid, match=r"plans\.yaml:\d+: plans\.plus\.ladder\.mini: regular is not weaker"):
        seeded.run("check")


def test_check_finds_customers_whom_the_file_leaves_behind(seeded: Commands) -> None:
    """A plan assigned or to come, an overridden quota, and a default that are gone are each said, and the exit code is 1."""
    seeded.text("assign", "acme", "plus")
    Commands(customer.app, seeded.folder).text("create", "beta")
    with seeded.opened() as installation:
        installation.plans.overrides.add(local_actor(), "acme", "day", Decimal(5), reason="pilot")
    (seeded.folder / "plans.yaml").write_text("plans: {only: {}}\n", "utf-8")
    result = seeded.run("check", "--json")
    assert result.exit_code == 1
    for words in ("acme was given the plan plus", "override of the quota day", "beta has no plan, and there is no default"):
        assert words in result.stdout


def test_customers_are_shown_with_plan_and_zone(plans: Commands) -> None:
    """List and show have the plan of the customer's own and where its periods begin; the zone can be changed."""
    customers = Commands(customer.app, plans.folder)
    assert "default" in customers.text("list")
    plans.text("assign", "acme", "plus")
    hold("customer-list", customers.json("list"))
    hold("customer-show", customers.json("show", "acme"))
    assert customers.text("set-time-zone", "acme", "Europe/Paris") == "Periods of acme begin in Europe/Paris.\n"
    assert customers.json("set-time-zone", "acme", "UTC")["time_zone"] == "UTC"
    assert "plus" in customers.text("show", "acme")
    for arguments in (("set-time-zone", "acme", "Paris"), ("create", "beta", "--time-zone", "Paris")):
        with pytest.raises(RequestInvalid, match="Europe/Paris"):
            customers.run(*arguments)
