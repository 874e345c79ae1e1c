"""An installation in a folder, and its commands called as a person would."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner, Result

from triplepoint.access.service import AccessService
from triplepoint.app import Installation, open_installation


@dataclass(frozen=True, slots=True)
class Commands:
    """Calls the commands of one noun in one folder."""

    app: typer.Typer
    folder: Path

    def run(self, *arguments: str, typed: str | None = None) -> Result:
        """Call a command; a fault of ours is raised, as the command line's main catches it."""
        return CliRunner().invoke(self.app, [*arguments, "--dir", str(self.folder)], input=typed, catch_exceptions=False)

    def text(self, *arguments: str, typed: str | None = None) -> str:
        """Return what a command that works writes to standard output."""
        result = self.run(*arguments, typed=typed)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *arguments: str, typed: str | None = None) -> Any:
        """Return what it writes with ``--json``."""
        return json.loads(self.text(*arguments, "--json", typed=typed))

    def opened(self) -> Installation:
        """Open the installation beside the command line."""
        return open_installation(self.folder)

    def access(self) -> AccessService:
        """Look at the access room beside the command line."""
        with self.opened() as installation:
            return installation.access


def install(folder: Path) -> Path:
    """Make a folder an installation."""
    (folder / "triplepoint.yaml").write_text("lineup: none\nupstreams: {}\n", encoding="utf-8")
    return folder
