"""``triplepoint key``."""

from pathlib import Path

import pytest
from tests.cli.installation import Commands, install

from triplepoint.access.keys import digest
from triplepoint.cli import customer, key
from triplepoint.foundation.errors import Conflict, NotFound, RequestInvalid


@pytest.fixture
def keys(tmp_path: Path) -> Commands:
    """Give the commands to a test, in an installation with the customer acme."""
    Commands(customer.app, install(tmp_path)).text("create", "acme")
    return Commands(key.app, tmp_path)


def _live(keys: Commands) -> list[bytes]:
    return [live.digest for live, _ in keys.access().live_keys()]


def test_the_key_stands_alone_on_standard_output(keys: Commands) -> None:
    """A script can read the new key from standard output; what it is stands beside it, and no later command shows it."""
    result = keys.run("create", "acme", "--label", "website")
    text = result.stdout.strip()
    assert text.startswith("tp-")
    assert "shown this once" in result.stderr
    with keys.opened() as installation:
        assert _live(keys) == [digest(installation.secret, text)]
    assert text not in keys.text("list") + keys.text("list", "--json")
    assert text[:8] in keys.text("list")


def test_a_key_can_be_limited(keys: Commands) -> None:
    """Models and an end can be given at the making."""
    made = keys.json("create", "acme", "-m", "nano", "-m", "mini", "--expires-in", "90d")
    assert made["models"] == ["nano", "mini"]
    assert made["expires_us"] - made["created_us"] == pytest.approx(90 * 86_400_000_000, abs=5_000_000)
    assert made["key"].startswith(made["display"])
    assert "digest" not in made


def test_lists_are_filtered(keys: Commands) -> None:
    """Only of a customer, only what is live."""
    Commands(customer.app, keys.folder).text("create", "beta")
    first, second = keys.json("create", "acme"), keys.json("create", "beta")
    keys.text("revoke", first["id"])
    assert [(entry["id"], entry["state"]) for entry in keys.json("list")] == [(first["id"], "revoked"), (second["id"], "live")]
    assert [entry["id"] for entry in keys.json("list", "--live")] == [second["id"]]
    assert [entry["id"] for entry in keys.json("list", "--customer", "acme")] == [first["id"]]


def test_a_revoked_key_is_gone(keys: Commands) -> None:
    """Revocation works once; the second time it is a conflict."""
    made = keys.json("create", "acme")
    assert "is revoked" in keys.text("revoke", made["id"])
    assert _live(keys) == []
    with pytest.raises(Conflict):
        keys.run("revoke", made["id"])
    with pytest.raises(NotFound):
        keys.run("revoke", "key_none")


def test_rotation_shows_the_new_key(keys: Commands) -> None:
    """The new key comes to standard output; the old one ends at once, or after the overlap."""
    old = keys.json("create", "acme", "--label", "website")
    result = keys.run("rotate", old["id"], "--overlap", "1h")
    assert result.stdout.startswith("tp-")
    assert f"{old['id']} ends at" in result.stderr
    assert len(_live(keys)) == 2
    new = keys.json("rotate", old["id"])
    assert new["label"] == "website"
    assert len(_live(keys)) == 2  # the old one is over, two came of it


def test_the_end_is_moved(keys: Commands) -> None:
    """An end is set by duration or moment, and taken away."""
    made = keys.json("create", "acme")
    assert keys.json("expire", made["id"], "--expires-in", "10m")["expires_us"] is not None
    assert keys.json("expire", made["id"], "--at", "2999-12-31T23:59")["expires_us"] == 32_503_679_940_000_000
    assert "ends at 2999-12-31 00:00:00 UTC" in keys.text("expire", made["id"], "--at", "2999-12-31")
    assert "does not end" in keys.text("expire", made["id"], "--never")
    with pytest.raises(RequestInvalid, match="revoke it"):
        keys.run("expire", made["id"], "--at", "2001-01-01")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--never", "--expires-in", "1d"),
        ("--never", "--at", "2999-01-01"),
        ("--expires-in", "10"),
        ("--expires-in", "soon"),
        ("--at", "tomorrow"),
    ],
)
def test_ends_that_are_unclear_are_wrong_usage(keys: Commands, arguments: tuple[str, ...]) -> None:
    """No end, two ends, a bare number and a word exit with 2 and change nothing."""
    made = keys.json("create", "acme")
    result = keys.run("expire", made["id"], *arguments)
    assert result.exit_code == 2
    assert keys.json("list")[0]["expires_us"] is None


def test_a_long_id_is_not_cut_for_scripts(keys: Commands) -> None:
    """What --json writes is whole, however narrow the terminal."""
    made = keys.json("create", "acme", "--label", "x" * 80)
    (entry,) = keys.json("list")
    assert (entry["id"], entry["label"]) == (made["id"], "x" * 80)
