"""Each fault of a machine is found, graded, and has a fix; a sound machine has none."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.doctor.patient import Facts, found, on, worst

from triplepoint.doctor import machine_checks as checks
from triplepoint.doctor.examination import Check, Examination
from triplepoint.doctor.model import Level
from triplepoint.upstreams.local.catalog import FAMILY

GIB = 2**30
ALL = [
    checks.python,
    checks.processor,
    checks.memory,
    checks.disk,
    checks.open_files,
    checks.clock,
    checks.event_loop,
    checks.engine,
]


@pytest.mark.parametrize("check", ALL)
def test_sound(check: Check, sound: Examination) -> None:
    """On a sound machine every check is content."""
    assert worst(check, sound).level is Level.OK


@pytest.mark.parametrize(
    ("check", "facts", "level", "words"),
    [
        (checks.python, {"python": (3, 10, 14)}, Level.PROBLEM, "3.10.14"),
        (checks.processor, {"flags": frozenset({"sse4_2"})}, Level.PROBLEM, "AVX2"),
        (checks.processor, {"core_count": 1}, Level.WARNING, "one core"),
        (checks.memory, {"memory": 300 * 2**20}, Level.WARNING, "nano"),
        (checks.memory, {"memory": None}, Level.WARNING, "does not tell"),
        (checks.open_files, {"files": 1024}, Level.WARNING, "1024"),
        (checks.event_loop, {"missing": frozenset({"uvloop", "httptools"})}, Level.PROBLEM, "uvloop and httptools"),
        (checks.engine, {"missing": frozenset({"xllamacpp"})}, Level.PROBLEM, "not installed"),
        (checks.engine, {"faults": {"xllamacpp": "the import died of signal 4"}}, Level.PROBLEM, "signal 4"),
    ],
)
def test_faults(check: Check, facts: dict[str, Any], level: Level, words: str, sound: Examination) -> None:
    """A fault is found at its level, in words that name it."""
    finding = worst(check, on(sound, Facts(**facts)))
    assert (finding.level, words in finding.what) == (level, True)


def test_other_processors(sound: Examination) -> None:
    """AVX2 is asked of x86 alone, and of a machine that tells its features."""
    for facts in (Facts(kind="aarch64", flags=frozenset({"asimd"})), Facts(flags=None)):
        assert worst(checks.processor, on(sound, facts)).level is Level.OK


def test_without_local_models(sound: Examination) -> None:
    """Where no model runs here, neither AVX2, nor memory for models, nor the engine is asked for."""
    settings = sound.folder / "triplepoint.yaml"
    settings.write_text(settings.read_text().replace("  here: {kind: local, gguf: nano}\n", ""))
    poor = on(sound, Facts(flags=frozenset(), memory=2**20, missing=frozenset({"xllamacpp"})))
    assert worst(checks.processor, poor).level is Level.OK
    assert worst(checks.memory, poor).level is Level.OK
    assert found(checks.engine, poor) == []


@pytest.mark.parametrize(
    ("data", "models", "level", "words"),
    [
        (GIB, GIB, Level.OK, ""),
        (500 * 2**20, GIB, Level.WARNING, "500 MiB free for the data folder"),
        (10 * 2**20, GIB, Level.PROBLEM, "10 MiB free for the data folder"),
        (GIB, 70 * 2**20, Level.WARNING, "70 MiB free for the model files"),
        (GIB, 10 * 2**20, Level.PROBLEM, "10 MiB free for the model files"),
    ],
)
def test_disk(data: int, models: int, level: Level, words: str, sound: Examination) -> None:
    """Room is asked for the ledger and, elsewhere, for the model files that are missing."""
    finding = worst(checks.disk, on(sound, Facts(disk={".triplepoint": data, "models": models})))
    assert (finding.level, words in finding.what) == (level, True)


def test_disk_with_models_there(sound: Examination) -> None:
    """Where the model files are there, no room is asked for them."""
    models = sound.folder / "models"
    models.mkdir()
    with (models / FAMILY["nano"].file).open("wb") as file:
        file.truncate(FAMILY["nano"].size_bytes)
    assert worst(checks.disk, on(sound, Facts(disk={".triplepoint": GIB}))).level is Level.OK


def test_clock_before_this_program(sound: Examination) -> None:
    """A clock that says 1970, as without a battery, is a problem."""
    finding = worst(checks.clock, replace(sound, now_us=0))
    assert (finding.level, "1970-01-01" in finding.what) == (Level.PROBLEM, True)


def test_clock_behind_the_files(sound: Examination) -> None:
    """A clock that is before what was written already is a problem; a minute is not."""
    journal = sound.data / "journal"
    journal.mkdir(parents=True)
    segment = journal / "1.journal"
    segment.touch()
    now_s = sound.now_us / 1e6
    os.utime(segment, (now_s + 30, now_s + 30))
    assert worst(checks.clock, sound).level is Level.OK
    os.utime(segment, (now_s + 3600, now_s + 3600))
    assert worst(checks.clock, sound).level is Level.PROBLEM


def test_without_settings(tmp_path: Path) -> None:
    """In an empty folder the machine is examined all the same."""
    examination = Examination(tmp_path, environ={}, machine=Facts(), now_us=1_795_000_000_000_000)
    for check in ALL:
        assert all(finding.level is Level.OK for finding in check(examination))
