"""What upstreams say of their energy, held against the tables of grids and of measured models."""

from collections.abc import Iterator

from triplepoint.files.checked import Reading
from triplepoint.files.nearest import suggest
from triplepoint.foundation.errors import Problem
from triplepoint.settings import BATCH_LEAST, BATCH_MOST, EnergySettings, RunsOn, Settings
from triplepoint.upstreams.grid import zones
from triplepoint.upstreams.measured import measured_models

Path = tuple[str | int, ...]


def check_energy(reading: Reading[Settings], name: str, energy: EnergySettings | None) -> Iterator[Problem]:
    """Check the ``energy`` of one upstream.

    Args:
        reading: The file.
        name: Name of the upstream.
        energy: What it says; None where it says nothing.
    """
    if energy is None:
        return
    path: Path = ("upstreams", name, "energy")
    if energy.zone is not None and energy.zone not in zones():
        yield reading.problem((*path, "zone"), f"there is no grid {energy.zone}", _zone_fix(energy.zone))
    yield from _runs_on(reading, path, energy)
    for model, differs in energy.models.items():
        yield from _runs_on(reading, (*path, "models", model), differs)


def _runs_on(reading: Reading[Settings], path: Path, runs_on: RunsOn) -> Iterator[Problem]:
    if runs_on.measured_as is not None and runs_on.measured_as not in measured_models():
        fix = suggest(runs_on.measured_as, measured_models(), "measured models")
        yield reading.problem((*path, "measured_as"), f"{runs_on.measured_as} was not measured", fix)
    if runs_on.batch is not None and (runs_on.batch_least is not None or runs_on.batch_most is not None):
        yield reading.problem((*path, "batch"), "is known and unknown at once", "leave out batch_least and batch_most")
    least, most = runs_on.batch_least or BATCH_LEAST, runs_on.batch_most or BATCH_MOST
    if least >= most:
        key = "batch_least" if runs_on.batch_most is None else "batch_most"
        yield reading.problem(
            (*path, key), f"the likely batches end at {most:g}, not above {least:g}", "let batch_most be more"
        )
    active, total = runs_on.active_params_b, runs_on.total_params_b
    if active is not None and total is not None and active > total:
        fix = f"write at least {active:g}, or leave it out"
        yield reading.problem((*path, "total_params_b"), "is less than the active parameters, which are part of it", fix)


def _zone_fix(wrong: str) -> str:
    """Word a fix for a wrong zone: by the country's name, or by what looks like it."""
    titled = [zone.name for zone in zones().values() if zone.title.lower() == wrong.lower()]
    return f"write {titled[0]}" if titled else suggest(wrong, zones(), "zones")
