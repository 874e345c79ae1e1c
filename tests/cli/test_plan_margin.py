"""``triplepoint plan margin`` and ``simulate``."""

from pathlib import Path

import pytest
from tests.cli.installation import Commands
from tests.gateway.harness import model, write_configuration

from triplepoint.cli import plan
from triplepoint.cli.local import local_actor
from triplepoint.foundation.errors import NotFound, RequestInvalid

STORY = ("--cost", "thinking=0.02", "--quota", "thinking=3000", "--cost", "mini=0.001", "--fee", "20", "--mean-messages", "400")
PLANS = """
default: plus
plans:
  plus:
    fee_usd: 20
    charge: {kind: included}
    ladder: {large: small}
    quotas:
      large-week: {unit: messages, per: week, limit: 3000, models: [large]}
"""


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    """Give the commands on an installation with a plan and a customer on it."""
    write_configuration(
        tmp_path,
        upstreams={"played": {"kind": "simulated"}},
        models={"small": model("played", capabilities=["chat"]), "large": model("played", capabilities=["chat"])},
        lineup={},
    )
    (tmp_path / "plans.yaml").write_text(PLANS, "utf-8")
    commands = Commands(plan.app, tmp_path)
    with commands.opened() as installation:
        installation.access.customers.create(local_actor(), "acme")
    return commands


def test_margins_are_listed_by_plan_and_by_customer(commands: Commands) -> None:
    """A customer with a fee and no use earns; of a month that runs it is said."""
    told = commands.json("margin")
    assert [(line["plan"], line["customers"], line["loss_makers"]) for line in told["plans"]] == [("plus", 1, 0)]
    assert (told["is_running"], told["customers"][0]["verdict"]) == (True, "earns")
    result = commands.run("margin", "--by", "customer")
    assert "acme" in result.stdout
    assert "not over" in result.stderr
    assert "plus" in commands.text("margin", "--period", "2026-W48")
    costly = commands.json("margin", "--overhead-usd", "1000")
    assert costly["total"]["loss_makers"] == 1


def test_a_stated_plan_is_forecast(commands: Commands) -> None:
    """The story's plan, from the command line alone: the formulas and the simulation agree."""
    told = commands.json("simulate", *STORY, "--subscribers", "20000")
    assert [(step["model"], step["quota"]) for step in told["steps"]] == [("thinking", 3000), ("mini", None)]
    assert (told["period"], told["plan"], told["largest_difference"] < 0.005) == ("week", "(stated)", True)
    assert told["expected"]["margin_share"] == pytest.approx(-0.51, abs=0.02)
    shown = commands.run("simulate", *STORY, "--subscribers", "100")
    assert "loss makers" in shown.stdout
    assert "thinking at 0.02, 3,000 messages; mini at 0.001, no limit" in shown.stderr


def test_a_plan_of_the_file_is_forecast(commands: Commands) -> None:
    """Ladder and quotas are the plan's, an option stands in the place of one of them."""
    costs = ("--cost", "large=0.02", "--cost", "small=0.001", "--mean-messages", "400", "--subscribers", "100")
    told = commands.json("simulate", "plus", *costs)
    assert [(step["model"], step["quota"]) for step in told["steps"]] == [("large", 3000), ("small", None)]
    other = commands.json("simulate", "plus", *costs, "--quota", "large=200", "--fee", "30")
    assert (other["steps"][0]["quota"], other["fee_usd"]) == (200, pytest.approx(30 * 12 / 52))
    assert other["expected"]["margin_share"] > told["expected"]["margin_share"]


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("simulate", "gold", "--mean-messages", "4"), NotFound),
        (("simulate", "plus", "--mean-messages", "4"), RequestInvalid),
        (("simulate", "--mean-messages", "4"), RequestInvalid),
        (("simulate", "plus", "--mean-messages", "4", "--cost", "large"), RequestInvalid),
        (("simulate", "plus", "--mean-messages", "4", "--fee", "-1"), RequestInvalid),
        (("margin", "--zone", "Nowhere"), RequestInvalid),
    ],
)
def test_what_cannot_be_is_refused(commands: Commands, arguments: tuple[str, ...], fault: type[Exception]) -> None:
    """An unknown plan, a cost that nobody knows, no ladder at all, no amount, no zone."""
    with pytest.raises(fault):
        commands.run(*arguments)


def test_use_is_stated_or_taken_from_the_ledger(commands: Commands) -> None:
    """One of the two, and not both."""
    assert commands.run("simulate", "plus").exit_code == 2
    assert commands.run("simulate", "plus", "--fit", "--mean-messages", "4").exit_code == 2
