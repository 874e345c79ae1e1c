"""``triplepoint customer`` and ``triplepoint audit``."""

from pathlib import Path

import pytest
from tests.cli.installation import Commands, install

from triplepoint.cli import audit, customer
from triplepoint.foundation.errors import Conflict, NotFound, RequestInvalid, SettingsInvalid


@pytest.fixture
def customers(tmp_path: Path) -> Commands:
    """Give the commands in a fresh installation to a test."""
    return Commands(customer.app, install(tmp_path))


def test_a_customer_is_made_listed_and_shown(customers: Commands) -> None:
    """Standard output holds the new id alone, and list and show know the customer."""
    made = customers.text("create", "acme").strip()
    assert made.startswith("cust_")
    assert "acme" in customers.text("list")
    assert made in customers.text("show", "acme")
    shown = customers.json("show", made)
    assert (shown["name"], shown["keys"]) == ("acme", [])
    assert [(entry["id"], entry["live_keys"]) for entry in customers.json("list")] == [(made, 0)]


def test_names_are_written_as_they_are(customers: Commands) -> None:
    """A name that looks like markup is shown as it is, and changes no colours."""
    customers.text("create", "[red]acme[/red]")
    assert "[red]acme[/red]" in customers.text("list")


def test_refusals_raise_what_main_tells(customers: Commands) -> None:
    """A taken name, an empty one and an unknown customer are faults of ours."""
    customers.text("create", "acme")
    for fault, arguments in ((Conflict, ("create", "acme")), (RequestInvalid, ("create", "")), (NotFound, ("show", "beta"))):
        with pytest.raises(fault):
            customers.run(*arguments)


def test_no_installation_is_said_to_be(tmp_path: Path) -> None:
    """In a folder without settings the fault names the file."""
    with pytest.raises(SettingsInvalid, match=r"triplepoint\.yaml"):
        Commands(customer.app, tmp_path).run("list")


def test_usage_is_checked_before_anything_is_opened(tmp_path: Path) -> None:
    """A command called wrongly exits with 2."""
    assert Commands(customer.app, tmp_path).run("create").exit_code == 2
    assert Commands(customer.app, tmp_path).run("destroy").exit_code == 2


def test_the_audit_log_names_the_person_here(customers: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write on the command line stands in the log under the user's name; filters work."""
    monkeypatch.setenv("LOGNAME", "ada")
    made = customers.text("create", "acme").strip()
    customers.text("create", "beta")
    log = Commands(audit.app, customers.folder)
    newest, oldest = log.json("list")
    assert [entry["detail"]["name"] for entry in (oldest, newest)] == ["acme", "beta"]
    assert (oldest["actor"], oldest["action"], oldest["subject"]) == ("local:ada", "customer.create", made)
    assert log.json("list", "--subject", made) == [oldest]
    assert log.json("list", "--before", str(newest["id"])) == [oldest]
    assert log.json("list", "-n", "1") == [newest]
    assert "customer.create" in log.text("list")
    assert log.run("list", "-n", "0").exit_code == 2


def test_a_user_whom_no_file_knows_has_a_number(customers: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the machine has no name for the user, the number of the user is written."""

    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    customers.text("create", "acme")
    assert Commands(audit.app, customers.folder).json("list")[0]["actor"].startswith("local:uid-")
