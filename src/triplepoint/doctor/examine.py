"""Runs every check."""

from collections.abc import Iterator, Sequence
from typing import Final

from triplepoint.doctor import installation_checks, machine_checks
from triplepoint.doctor.examination import Check, Examination
from triplepoint.doctor.model import Finding, Level
from triplepoint.telemetry.faults import describe

CHECKS: Final[tuple[Check, ...]] = (
    machine_checks.python,
    machine_checks.processor,
    machine_checks.memory,
    machine_checks.disk,
    machine_checks.open_files,
    machine_checks.clock,
    machine_checks.event_loop,
    machine_checks.engine,
    installation_checks.configuration,
    installation_checks.data_folder,
    installation_checks.lock,
    installation_checks.ports,
    installation_checks.models,
    installation_checks.upstreams,
)
"""In the order in which they are told."""


def examine(examination: Examination, checks: Sequence[Check] = CHECKS) -> Iterator[Finding]:
    """Run the checks, one after the other; one that fails is itself a finding."""
    for check in checks:
        try:
            yield from check(examination)
        except Exception as error:  # noqa: BLE001 (whatever it is, the other checks are still worth having)
            fix = "please report it, with what this command prints"
            yield Finding(check.__name__.replace("_", " "), Level.PROBLEM, f"this check itself failed: {describe(error)}", fix)


def is_sound(findings: Sequence[Finding]) -> bool:
    """Tell whether nothing is a problem."""
    return all(finding.level is not Level.PROBLEM for finding in findings)
