"""``triplepoint operator``."""

from pathlib import Path

import pytest
from tests.cli.installation import Commands, install

from triplepoint.access.model import Role
from triplepoint.cli import operator
from triplepoint.foundation.errors import Conflict, NotAuthenticated, RequestInvalid
from triplepoint.foundation.secret import Secret

PASSWORD = "a password of these tests"


@pytest.fixture
def operators(tmp_path: Path) -> Commands:
    """Give the commands in a fresh installation to a test."""
    return Commands(operator.app, install(tmp_path))


def _can_log_in(operators: Commands, name: str, password: str) -> bool:
    try:
        operators.access().sessions.login(name, Secret(password), address="here")
    except NotAuthenticated:
        return False
    return True


def test_a_generated_password_is_shown_once_and_works(operators: Commands) -> None:
    """With --generate the password alone stands on standard output, and logs in."""
    result = operators.run("create", "ada", "--role", "admin", "--generate")
    assert "ada (admin)" in result.stderr
    assert _can_log_in(operators, "ada", result.stdout.strip())
    assert result.stdout.strip() not in operators.text("list") + operators.text("list", "--json")


def test_a_typed_password_is_asked_twice_and_not_shown(operators: Commands) -> None:
    """Without options the password is asked for, with a repetition, and never echoed."""
    result = operators.run("create", "ada", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0
    assert PASSWORD not in result.output
    assert _can_log_in(operators, "ada", PASSWORD)
    assert operators.json("list")[0]["role"] == "viewer"


def test_a_password_can_come_from_a_pipe(operators: Commands) -> None:
    """With --password-stdin the first line of standard input is the password, spaces and all."""
    operators.text("create", "ada", "--password-stdin", typed=f" {PASSWORD} \nrest\n")
    assert _can_log_in(operators, "ada", f" {PASSWORD} ")
    with pytest.raises(RequestInvalid, match="12 to 512"):
        operators.run("create", "bob", "--password-stdin", typed="")


def test_two_sources_of_a_password_are_wrong_usage(operators: Commands) -> None:
    """Both options at once exit with 2."""
    assert operators.run("create", "ada", "--generate", "--password-stdin").exit_code == 2
    assert operators.run("create", "ada", "--role", "king", "--generate").exit_code == 2
    assert operators.json("list") == []


def test_a_new_password_replaces_the_old(operators: Commands) -> None:
    """After ``password`` the old one is wrong."""
    operators.text("create", "ada", "--password-stdin", typed=PASSWORD)
    new = operators.json("password", "ada", "--generate")["password"]
    assert not _can_log_in(operators, "ada", PASSWORD)
    assert _can_log_in(operators, "ada", new)
    assert "has a new password" in operators.text("password", "ada", "--password-stdin", typed=PASSWORD)


def test_locking_out_letting_in_and_roles(operators: Commands) -> None:
    """disable, enable and role do what they say, and the last admin stays."""
    operators.text("create", "root", "--role", "admin", "--generate")
    operators.text("create", "ada", "--password-stdin", typed=PASSWORD)
    assert operators.json("disable", "ada")["disabled_us"] is not None
    assert not _can_log_in(operators, "ada", PASSWORD)
    operators.text("enable", "ada")
    assert _can_log_in(operators, "ada", PASSWORD)
    assert operators.json("role", "ada", "operator")["role"] == "operator"
    with pytest.raises(Conflict, match="last admin"):
        operators.run("disable", "root")


def test_a_key_for_a_program(operators: Commands) -> None:
    """A key acts as its operator until it is revoked."""
    operators.text("create", "ada", "--role", "operator", "--generate")
    result = operators.run("key", "ada", "--label", "ci", "--expires-in", "30d")
    text = result.stdout.strip()
    found = operators.access().operators.resolve_key(text)
    assert found is not None
    assert (found.name, found.role) == ("ada", Role.OPERATOR)
    (listed,) = operators.json("keys", "ada")
    assert (listed["label"], listed["state"], listed["display"]) == ("ci", "live", text[:8])
    assert "ci" in operators.text("keys", "ada")
    assert "is revoked" in operators.text("revoke-key", listed["id"])
    assert operators.access().operators.resolve_key(text) is None
    assert operators.json("keys", "ada")[0]["state"] == "revoked"
