"""The installation's secret: from the environment or a private file, never weak, never shared."""

import os
import stat
import threading
from pathlib import Path

import pytest

from triplepoint.access.secret import SECRET_VARIABLE, installation_secret, write_private
from triplepoint.foundation.errors import SettingsInvalid

LONG = "0123456789abcdef0123456789abcdef"


def test_the_first_run_makes_a_private_file(tmp_path: Path) -> None:
    """Without a secret one is made, readable by its owner alone whatever the umask, and kept."""
    former = os.umask(0)
    try:
        made = installation_secret(tmp_path / "data", {})
    finally:
        os.umask(former)
    path = tmp_path / "data" / "secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(made) >= 64
    assert installation_secret(tmp_path / "data", {}) == made
    assert [entry.name for entry in path.parent.iterdir()] == ["secret"]


def test_two_installations_differ(tmp_path: Path) -> None:
    """Each installation has a secret of its own."""
    assert installation_secret(tmp_path / "a", {}) != installation_secret(tmp_path / "b", {})


def test_the_environment_goes_first(tmp_path: Path) -> None:
    """A secret in the environment is used, and no file made."""
    assert installation_secret(tmp_path / "data", {SECRET_VARIABLE: f" {LONG}\n"}) == LONG.encode()
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("given", ["", "short", LONG[:31], " " * 40])
def test_a_short_secret_in_the_environment_is_refused(tmp_path: Path, given: str) -> None:
    """Fewer than 32 characters are refused, naming the variable but not its content."""
    with pytest.raises(SettingsInvalid, match=SECRET_VARIABLE) as caught:
        installation_secret(tmp_path, {SECRET_VARIABLE: given})
    assert "at least 32" in str(caught.value)
    assert not given.strip() or given not in caught.value.problems[0].message


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    """A secret that a group or others may touch is refused with the command that helps."""
    installation_secret(tmp_path, {})
    (tmp_path / "secret").chmod(mode)
    with pytest.raises(SettingsInvalid, match="chmod 600"):
        installation_secret(tmp_path, {})


@pytest.mark.parametrize("content", [b"", b"\n", b"short"])
def test_an_empty_or_short_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file cut short is refused rather than replaced, since keys hang on it."""
    path = tmp_path / "secret"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SettingsInvalid, match="restore it"):
        installation_secret(tmp_path, {})
    assert path.read_bytes() == content


def test_first_runs_at_once_agree(tmp_path: Path) -> None:
    """Several first runs at the same moment all get the same secret."""
    found: list[bytes] = []
    gate = threading.Barrier(8)

    def run() -> None:
        gate.wait()
        found.append(installation_secret(tmp_path, {}))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_private_file_is_never_written_over(tmp_path: Path) -> None:
    """Writing where a file exists raises, and leaves it and no draft behind."""
    write_private(tmp_path / "file", "first")
    with pytest.raises(FileExistsError):
        write_private(tmp_path / "file", "second")
    assert (tmp_path / "file").read_text() == "first"
    assert len(list(tmp_path.iterdir())) == 1
