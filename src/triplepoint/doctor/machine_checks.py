"""Is this machine fit: Python, processor, memory, disk, limits, clock, and the libraries that need more than Python."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from triplepoint.doctor.examination import Examination
from triplepoint.doctor.model import Finding, Level
from triplepoint.upstreams.local.cache import FileState, inspect, models_folder

MIB: Final = 2**20
TIER_MEMORY_BYTES: Final = {"nano": 343 * MIB, "mini": 700 * MIB, "regular": 1424 * MIB}
"""Resident memory of each tier with 4 contexts of 2,048 tokens, as measured with xllamacpp 2026.10."""
LEDGER_ROOM_BYTES: Final = 1024 * MIB
"""Free space below which journal and ledger have little time left."""
LEAST_ROOM_BYTES: Final = 64 * MIB
"""One segment of the journal; below it the gateway soon refuses to answer."""
FILES_BESIDE_CONNECTIONS: Final = 256
_OLDEST_PYTHON: Final = (3, 11)
_WRITTEN: Final = datetime.date(2026, 11, 1)
"""This version was written after that day, so no right clock is before it."""


def python(examination: Examination) -> Iterator[Finding]:
    """Python is new enough."""
    version = examination.machine.python_version()
    text = ".".join(map(str, version))
    if version[:2] < _OLDEST_PYTHON:
        yield Finding(
            "python", Level.PROBLEM, f"Python {text} is too old", "install Python 3.11 or later and run `make up` again"
        )
    else:
        yield Finding("python", Level.OK, f"Python {text}")


def processor(examination: Examination) -> Iterator[Finding]:
    """The processor can run the embedded family, which is compiled for AVX2."""
    machine = examination.machine
    if not examination.runs_models:
        yield Finding("processor", Level.OK, f"{machine.cores()} cores; no model runs on this machine")
        return
    flags = machine.cpu_flags()
    if machine.architecture() in {"x86_64", "AMD64"} and flags is not None and "avx2" not in flags:
        fix = "use a machine with a processor of 2013 or later, or another upstream (`triplepoint init` finds Ollama and vLLM)"
        yield Finding("processor", Level.PROBLEM, "this processor lacks AVX2, which the embedded models need", fix)
    elif machine.cores() < 2:
        fix = "expect slow answers; leave gateway.local_generations at 1"
        yield Finding("processor", Level.WARNING, "one core for the gateway and the models together", fix)
    else:
        yield Finding("processor", Level.OK, f"{machine.cores()} cores")


def memory(examination: Examination) -> Iterator[Finding]:
    """There is memory for the tiers that the settings use."""
    available = examination.machine.available_memory_bytes()
    needed = 0 if examination.gateway_runs else sum(TIER_MEMORY_BYTES[model.tier] for model in examination.tiers)
    if available is None:
        yield Finding("memory", Level.WARNING, "this machine does not tell how much memory is free", "look at it by hand")
    elif available < needed:
        what = f"{_mib(available)} free, {_mib(needed)} needed by {', '.join(model.tier for model in examination.tiers)}"
        yield Finding("memory", Level.WARNING, what, "take the largest tier out of the line-up, or close other programs")
    else:
        yield Finding("memory", Level.OK, f"{_mib(available)} free, {_mib(needed)} still needed by models")


def disk(examination: Examination) -> Iterator[Finding]:
    """There is room for journal and ledger, and for the model files that are missing."""
    yield _room(examination, examination.data, LEDGER_ROOM_BYTES, "the data folder")
    cache = models_folder(examination.environ)
    found = [inspect(model, cache) for model in examination.tiers]
    missing = sum(file.model.size_bytes - file.present_bytes for file in found if file.state is not FileState.READY)
    if missing > 0:
        yield _room(examination, cache, missing, "the model files that are missing")


def open_files(examination: Examination) -> Iterator[Finding]:
    """The limit of open files allows for the connections that the settings allow."""
    limit = examination.machine.open_files_limit()
    wanted = examination.settings.gateway.max_connections + FILES_BESIDE_CONNECTIONS
    if limit < wanted:
        fix = f"`ulimit -n {wanted}` before the start (systemd: LimitNOFILE={wanted}), or lower gateway.max_connections"
        yield Finding("open files", Level.WARNING, f"{limit} may be open; {wanted} are needed under full load", fix)
    else:
        yield Finding("open files", Level.OK, f"{limit} may be open")


def clock(examination: Examination) -> Iterator[Finding]:
    """The wall clock is not behind what was written already."""
    now = datetime.datetime.fromtimestamp(examination.now_us / 1e6, tz=datetime.UTC)
    newest_s = max((path.stat().st_mtime for path in _dated_files(examination)), default=0.0)
    fix = "set the clock (`timedatectl set-ntp true`); prices and expiry dates are looked up by it"
    if now.date() < _WRITTEN:
        yield Finding("clock", Level.PROBLEM, f"the clock says {now:%Y-%m-%d}, before this program was written", fix)
    elif newest_s > examination.now_us / 1e6 + 60:
        yield Finding("clock", Level.PROBLEM, f"the clock says {now:%Y-%m-%d %H:%M} UTC, before files that exist", fix)
    else:
        yield Finding("clock", Level.OK, f"{now:%Y-%m-%d %H:%M} UTC")


def event_loop(examination: Examination) -> Iterator[Finding]:
    """The fast event loop and HTTP parser are there."""
    missing = [name for name in ("uvloop", "httptools") if not examination.machine.is_installed(name)]
    if missing:
        what = f"{' and '.join(missing)} cannot be imported"
        yield Finding("event loop", Level.PROBLEM, what, f"`pip install {' '.join(missing)}` in this environment")
    else:
        yield Finding("event loop", Level.OK, "uvloop and httptools")


def engine(examination: Examination) -> Iterator[Finding]:
    """The engine of the embedded family can be loaded, where it is used."""
    if not examination.runs_models:
        return
    if not examination.machine.is_installed("xllamacpp"):
        yield Finding("engine", Level.PROBLEM, "xllamacpp is not installed", "`pip install 'triplepoint[local]'`")
    elif (fault := examination.machine.import_fault("xllamacpp")) is not None:
        fix = "`pip install --force-reinstall xllamacpp`; it needs glibc 2.28 or later and AVX2"
        yield Finding("engine", Level.PROBLEM, f"xllamacpp does not load: {fault}", fix)
    else:
        yield Finding("engine", Level.OK, "xllamacpp loads")


def _room(examination: Examination, folder: Path, wanted: int, what_for: str) -> Finding:
    free = examination.machine.free_disk_bytes(folder)
    text = f"{_mib(free)} free for {what_for}"
    if free < LEAST_ROOM_BYTES:
        return Finding("disk", Level.PROBLEM, text, f"make room; {_mib(wanted)} are wanted")
    if free < wanted:
        return Finding("disk", Level.WARNING, text, f"make room; {_mib(wanted)} are wanted")
    return Finding("disk", Level.OK, text)


def _dated_files(examination: Examination) -> Iterator[Path]:
    for folder in (examination.folder, examination.data, examination.data / "journal"):
        if folder.is_dir():
            yield from (path for path in folder.iterdir() if path.is_file())


def _mib(size: int) -> str:
    return f"{size // MIB:,} MiB"
