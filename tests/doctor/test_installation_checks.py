"""Each fault of an installation is found, graded, and has a fix; a sound one has none."""

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.doctor.patient import Facts, found, on, worst

from triplepoint.app import GatewaySocket
from triplepoint.doctor import installation_checks as checks
from triplepoint.doctor import machine_checks
from triplepoint.doctor.examination import Examination
from triplepoint.doctor.examine import CHECKS, examine, is_sound
from triplepoint.doctor.model import Finding, Level
from triplepoint.gateway.ops import socket_path
from triplepoint.ledger.folder_lock import GATEWAY_LOCK, FolderLock
from triplepoint.telemetry.status import GatewayStatus, UpstreamStatus
from triplepoint.upstreams.local.catalog import FAMILY


def break_file(examination: Examination, name: str, old: str, new: str) -> None:
    """Change a file of the installation."""
    path = examination.folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_configuration_sound(sound: Examination) -> None:
    """Right files are one finding, with the line-up's hash."""
    (finding,) = found(checks.configuration, sound)
    assert finding.level is Level.OK
    assert finding.what.startswith("line-up spring (")


def test_configuration_missing(tmp_path: Path, sound: Examination) -> None:
    """A folder without settings is told so, and how to write them."""
    empty = tmp_path / "empty"
    empty.mkdir()
    finding = worst(checks.configuration, replace(sound, folder=empty))
    assert (finding.level, "triplepoint init" in str(finding.fix)) == (Level.PROBLEM, True)


def test_configuration_wrong(sound: Examination) -> None:
    """Every problem of every file is a finding of its own, with the place and its fix."""
    break_file(sound, "lineups/spring.yaml", "upstream: here", "upstream: heer")
    break_file(sound, "prices/ours.yaml", '"0.1"', "0.1")
    findings = found(checks.configuration, sound)
    assert len(findings) >= 2
    assert all(finding.level is Level.PROBLEM and finding.fix for finding in findings)
    assert any("lineups/spring.yaml:" in finding.what for finding in findings)


def test_data_folder_permissions(sound: Examination) -> None:
    """A data folder that others may read is a warning, a secret that they may read a problem; private, both are right."""
    sound.data.mkdir(mode=0o700)
    secret = sound.data / "secret"
    secret.touch(mode=0o600)
    assert worst(checks.data_folder, sound).level is Level.OK
    sound.data.chmod(0o755)
    assert worst(checks.data_folder, sound).level is Level.WARNING
    secret.chmod(0o640)
    finding = worst(checks.data_folder, sound)
    assert (finding.level, finding.check, "chmod 600" in str(finding.fix)) == (Level.PROBLEM, "secret", True)


def test_secret_gone(sound: Examination) -> None:
    """A database without the secret that its keys were digested under is a problem, unless the environment has it."""
    sound.data.mkdir(mode=0o700)
    (sound.data / "triplepoint.db").touch()
    assert worst(checks.data_folder, sound).what == "the secret is gone, and there is a database with keys"
    shared = replace(sound, environ={**sound.environ, "TRIPLEPOINT_SECRET": "x" * 40})
    assert worst(checks.data_folder, shared).level is Level.OK


def test_no_gateway(sound: Examination) -> None:
    """A gateway that does not run is nothing wrong."""
    assert worst(checks.lock, sound).level is Level.OK


def test_stuck_gateway(sound: Examination) -> None:
    """A process that holds the folder and does not answer is a problem, and named."""
    sound.data.mkdir(mode=0o700)
    with FolderLock.acquire(sound.data / GATEWAY_LOCK, boot="boot_1"):
        finding = worst(checks.lock, sound)
    assert (finding.level, str(os.getpid()) in finding.what) == (Level.PROBLEM, True)


def test_running_gateway(sound: Examination, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that answers is asked how it is: its journal and its upstreams are findings."""
    upstream = UpstreamStatus(
        name="here", kind="local", state="starting", breaker="closed", in_flight=0, attempts=0, failures=0, last_error=None
    )
    status = GatewayStatus(
        version="0.1.0",
        pid=4711,
        started_us=0,
        lineup="spring",
        lineup_hash="abc",
        snapshot_us=0,
        in_flight=0,
        requests=0,
        journal="no space left on device",
        upstreams=[upstream],
    )

    def answer(_: GatewaySocket) -> GatewayStatus:
        return status

    monkeypatch.setattr(GatewaySocket, "status", answer)
    sound.data.mkdir(mode=0o700)
    with FolderLock.acquire(sound.data / GATEWAY_LOCK, boot="boot_1"):
        running, journal, slow = found(checks.lock, sound)
    assert (running.level, "4711" in running.what) == (Level.OK, True)
    assert (journal.level, "no space left" in journal.what) == (Level.PROBLEM, True)
    assert (slow.level, "here: starting" in slow.what) == (Level.WARNING, True)


def test_gateway_socket_is_where_the_gateway_puts_it(sound: Examination) -> None:
    """The doctor asks at the socket that the gateway opens; a silent one is a gateway that does not answer."""
    sound.data.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as silent, FolderLock.acquire(sound.data / GATEWAY_LOCK, boot="boot_1"):
        silent.bind(str(socket_path(sound.data)))
        assert worst(checks.lock, sound).level is Level.PROBLEM


def test_ports(sound: Examination) -> None:
    """A port that another program holds is a problem that names the program; while our own runs it is right."""
    assert worst(checks.ports, sound).level is Level.OK
    taken = on(sound, Facts(taken={18080: "nginx (pid 12)", 18081: None}))
    gateway, control = found(checks.ports, taken)
    assert (gateway.level, "nginx (pid 12)" in gateway.what, "gateway.listen" in str(gateway.fix)) == (
        Level.PROBLEM,
        True,
        True,
    )
    assert (control.level, "may not see" in control.what) == (Level.PROBLEM, True)
    sound.data.mkdir(mode=0o700)
    with FolderLock.acquire(sound.data / GATEWAY_LOCK, boot="boot_1"):
        assert worst(checks.ports, on(sound, Facts(taken=taken_ports(taken)))).level is Level.OK
        assert worst(checks.ports, on(sound, Facts())).level is Level.WARNING


def taken_ports(examination: Examination) -> dict[int, str | None]:
    """Return the ports that an examination's machine has taken."""
    assert isinstance(examination.machine, Facts)
    return examination.machine.taken


def test_models(sound: Examination) -> None:
    """A model file is missing, begun, of the wrong size, or right."""
    model = FAMILY["nano"]
    folder = sound.folder / "models"
    folder.mkdir()
    finding = worst(checks.models, sound)
    assert (finding.level, finding.fix) == (Level.WARNING, "`triplepoint models pull nano`")
    (folder / f"{model.file}.part").write_bytes(b"12345")
    assert "partial (5 of" in worst(checks.models, sound).what
    with (folder / model.file).open("wb") as file:
        file.truncate(model.size_bytes - 1)
        assert worst(checks.models, sound).level is Level.PROBLEM
        file.truncate(model.size_bytes)
    assert worst(checks.models, sound).level is Level.OK


def test_own_gguf(sound: Examination) -> None:
    """A path of one's own is looked for from the folder of the settings."""
    break_file(sound, "triplepoint.yaml", "gguf: nano", "gguf: own.gguf")
    assert worst(checks.models, sound).level is Level.PROBLEM
    (sound.folder / "own.gguf").touch()
    assert worst(checks.models, sound).level is Level.OK


def test_upstreams(sound: Examination) -> None:
    """A hosted upstream that accepts no connection is a problem; ours are not called."""
    assert [finding.what for finding in found(checks.upstreams, sound)] == ["far: far.example:443 accepts connections"]
    finding = worst(checks.upstreams, on(sound, Facts(deaf=frozenset({"far.example"}))))
    assert (finding.level, "far.example:443" in finding.what) == (Level.PROBLEM, True)


def test_everything_at_once(sound: Examination) -> None:
    """All checks together find a sound installation sound, and one fault makes it unsound."""
    assert is_sound(list(examine(sound)))
    assert not is_sound(list(examine(on(sound, Facts(python=(3, 9, 0))))))


def test_every_check_is_run() -> None:
    """No check stands beside the list of checks."""
    written = {
        value
        for module in (machine_checks, checks)
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == module.__name__ and not name.startswith("_")
    }
    assert set(CHECKS) == written


def test_a_check_that_fails(sound: Examination) -> None:
    """A check that itself fails is a finding, shows no value that it tripped over, and the others go on."""

    def broken(_: Examination) -> Iterator[Finding]:
        raise KeyError("a secret value")
        yield  # a check is a generator

    def content(_: Examination) -> Iterator[Finding]:
        yield Finding("content", Level.OK, "all is well")

    failed, went_on = examine(sound, [broken, content])
    assert (failed.check, failed.level) == ("broken", Level.PROBLEM)
    assert "secret value" not in failed.what
    assert went_on.level is Level.OK
