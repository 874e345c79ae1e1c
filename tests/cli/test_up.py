"""The commands that run processes, as far as the command line goes; what they run is tested with the processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from triplepoint import __version__


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Call ``triplepoint`` as a shell does."""
    command = [sys.executable, "-m", "triplepoint", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("command", ["gateway", "control", "chat", "demo", "lineup list"])
def test_a_folder_without_a_configuration_is_said(command: str, tmp_path: Path) -> None:
    """Every command that needs one ends with the exit code of wrong files, names the file, and says what to run."""
    said = call(*command.split(), "--dir", str(tmp_path))
    assert said.returncode == 2
    assert "triplepoint.yaml" in said.stderr
    assert "triplepoint init" in said.stderr
    assert "Traceback" not in said.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_said() -> None:
    """And nothing else."""
    assert call("--version").stdout == f"{__version__}\n"


def test_what_is_heavy_is_imported_only_where_it_is_run() -> None:
    """The command line itself loads neither the console nor the gateway's server: help comes at once."""
    check = "import sys, triplepoint.cli.main; print(*sorted({'nicegui', 'uvicorn', 'fastapi'} & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, timeout=30, check=True)
    assert said.stdout.strip() == ""
