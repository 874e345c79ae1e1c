"""The lock files against ``pyproject.toml`` and each other; resolving anew needs an index and is `tools/locks.py`'s work."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from tools.locks import DEVELOPMENT, EXTRAS, ROOT, RUNTIME

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;]+)(?: ; (?P<marker>.*?))? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a lock file."""

    version: Version
    hashes: int


def read_pins(lock: Path) -> dict[str, Pin]:
    """Read a lock file; a line that is neither a pin nor a hash fails."""
    pins: dict[str, Pin] = {}
    name = ""
    for number, line in enumerate(lock.read_text("utf-8").splitlines(), 1):
        if found := PIN.match(line):
            name = canonicalize_name(found["name"])
            assert name not in pins, f"{lock.name}:{number}: {name} is pinned twice"
            pins[name] = Pin(Version(found["version"]), 0)
        else:
            assert HASH.match(line), f"{lock.name}:{number}: {line}"
            pins[name] = Pin(pins[name].version, pins[name].hashes + 1)
    return pins


def wanted(requirements: Iterable[Any]) -> Iterator[Requirement]:
    """Read requirements as ``pyproject.toml`` has them, with groups and extras of our own resolved."""
    for one in requirements:
        if isinstance(one, dict):
            yield from wanted(PROJECT["dependency-groups"][one["include-group"]])
            continue
        requirement = Requirement(one)
        if requirement.name == PROJECT["project"]["name"]:
            for extra in requirement.extras:
                yield from wanted(PROJECT["project"]["optional-dependencies"][extra])
        else:
            yield requirement


def is_met(requirement: Requirement, pins: dict[str, Pin]) -> bool:
    """Tell whether a requirement's package is pinned to a version that fits."""
    pin = pins.get(canonicalize_name(requirement.name))
    return pin is not None and requirement.specifier.contains(pin.version)


def runtime_requirements() -> list[Requirement]:
    """Return what the runtime lock must hold."""
    extras = [one for extra in EXTRAS for one in PROJECT["project"]["optional-dependencies"][extra]]
    return list(wanted([*PROJECT["project"]["dependencies"], *extras, *PROJECT["dependency-groups"]["build"]]))


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT], ids=lambda path: path.name)
def test_each_pin_is_exact_and_hashed(lock: Path) -> None:
    """Each line is an exact version or a hash of it; no address of an index or a file is in the lock."""
    pins = read_pins(lock)
    assert len(pins) > 50
    assert [name for name, pin in pins.items() if pin.hashes == 0] == []
    assert "://" not in lock.read_text("utf-8")


def test_the_runtime_lock_meets_what_the_project_asks() -> None:
    """Every dependency, with the extras that `make up` needs and what builds the project, is pinned to a version that fits."""
    pins = read_pins(RUNTIME)
    unmet = [
        str(one) for one in runtime_requirements() if not one.specifier.contains(pins[canonicalize_name(one.name)].version)
    ]
    assert unmet == []


def test_the_development_lock_meets_the_group_dev() -> None:
    """Every requirement of the group is pinned to a version that fits."""
    pins = read_pins(DEVELOPMENT)
    requirements = wanted(PROJECT["dependency-groups"]["dev"])
    assert [str(one) for one in requirements if not is_met(one, pins)] == []


def test_the_development_lock_is_the_runtime_lock_and_more() -> None:
    """Installing for the tests changes no version of what runs."""
    runtime, development = read_pins(RUNTIME), read_pins(DEVELOPMENT)
    differing = {name: pin for name, pin in runtime.items() if development.get(name) != pin}
    assert differing == {}
    assert len(development) > len(runtime)


def test_extras_of_the_lock_are_all_extras_of_the_project() -> None:
    """No extra is forgotten: each is named, or is part of one that is."""
    inside = {
        name for extra in EXTRAS for one in PROJECT["project"]["optional-dependencies"][extra] for name in own_extras(one)
    }
    assert set(PROJECT["project"]["optional-dependencies"]) == {*EXTRAS, *inside}


def own_extras(requirement: str) -> set[str]:
    """Return the extras of this project that a requirement names."""
    parsed = Requirement(requirement)
    return parsed.extras if parsed.name == PROJECT["project"]["name"] else set()


def test_this_machine_runs_what_is_locked() -> None:
    """The versions under test are the locked ones, so that a green build speaks of what `make up` installs."""
    pins = read_pins(DEVELOPMENT)
    installed = {canonicalize_name(one.name): Version(one.version) for one in distributions()}
    differing = {name: f"{found}, locked {pins[name].version}" for name, found in installed.items() if name in pins}
    assert {name: text for name, text in differing.items() if installed[name] != pins[name].version} == {}
    assert len(differing) > 50
