"""``triplepoint doctor``: what is wrong on this machine, and what to do."""

import os
from pathlib import Path

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from triplepoint.cli.options import AsJson, Folder
from triplepoint.doctor.examination import Examination
from triplepoint.doctor.examine import examine, is_sound
from triplepoint.doctor.machine import ThisMachine
from triplepoint.doctor.model import Finding, Level
from triplepoint.foundation.clock import SystemClock

_FAILED = 1
_MARKS = {Level.OK: "[green]ok     [/green]", Level.WARNING: "[yellow]warning[/yellow]", Level.PROBLEM: "[red]problem[/red]"}


def doctor(folder: Folder = Path(), as_json: AsJson = False) -> None:
    """Look for what is wrong on this machine and say how to fix it. Exits with 1 where there is a problem."""
    examination = Examination(folder, environ=os.environ, machine=ThisMachine(), now_us=SystemClock().now_us())
    findings: list[Finding] = []
    console = Console(highlight=False, soft_wrap=True)
    for finding in examine(examination):
        findings.append(finding)
        if not as_json:
            _print(console, finding)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode({"ok": is_sound(findings), "findings": findings}), indent=2).decode())
    if not is_sound(findings):
        raise typer.Exit(_FAILED)


def _print(console: Console, finding: Finding) -> None:
    console.print(f"{_MARKS[finding.level]} {escape(finding.check)}: {escape(finding.what)}")
    if finding.fix is not None:
        console.print(f"        [green]fix:[/green] {escape(finding.fix)}")
