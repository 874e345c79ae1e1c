"""One gateway for one data folder: a second refuses, names the first, and harms nothing; and none opens its door unasked."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.gateway.conftest import Simulate
from tests.gateway.harness import (
    Running,
    await_ready,
    free_port,
    launch_gateway,
    model,
    openai_upstream,
    write_configuration,
)
from tests.gateway.raw import post, question

from triplepoint.access.secret import SECRET_VARIABLE
from triplepoint.upstreams.simulated.model import Script


def _run_gateway(folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name != SECRET_VARIABLE}
    command = [sys.executable, "-m", "triplepoint", "gateway", "--dir", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environ)


async def test_a_second_gateway_refuses(gateway: Running, simulate: Simulate) -> None:
    """It ends with an exit code and says which process has the folder; the first answers on, also to orders by its socket."""
    await simulate("a", Script())
    second = _run_gateway(gateway.folder)
    assert second.returncode == 1
    assert second.stderr.startswith("folder_in_use: ")
    assert f"is in use by process {gateway.process.pid} " in second.stderr
    assert "stop that process, or use another folder" in second.stderr
    assert (await post(gateway, question())).status == 200
    with gateway.installation() as installation:
        published = installation.gateway.publish()
    assert published is not None
    assert published.ok


def test_a_killed_gateway_leaves_the_folder_free(tmp_path: Path) -> None:
    """The folder is held by the living process and not by what it left behind."""
    port = write_configuration(tmp_path, upstreams={"a": openai_upstream(free_port())}, models={"chat": model("a")})
    first = launch_gateway(tmp_path)
    await_ready(port, first)
    first.kill()
    first.wait()
    second = launch_gateway(tmp_path)
    await_ready(port, second)
    second.send_signal(signal.SIGTERM)
    assert second.wait(10) == 0


def test_a_port_that_is_taken_is_said(gateway: Running, tmp_path: Path) -> None:
    """A gateway whose port another has ends with an exit code and names the address."""
    listen = f"127.0.0.1:{gateway.port}"
    upstreams = {"a": openai_upstream(free_port())}
    write_configuration(tmp_path, upstreams=upstreams, models={"chat": model("a")}, settings={"gateway": {"listen": listen}})
    other = _run_gateway(tmp_path)
    assert other.returncode != 0
    assert "address already in use" in other.stderr.lower()
    assert str(gateway.port) in other.stderr
    assert "Traceback" not in other.stderr


def test_it_does_not_listen_beyond_loopback_with_a_secret_that_nobody_chose(tmp_path: Path) -> None:
    """Without ``TRIPLEPOINT_SECRET`` it ends with the exit code of wrong files, and says which key and what to do."""
    upstreams = {"a": openai_upstream(free_port())}
    settings = {"gateway": {"listen": f"0.0.0.0:{free_port()}"}}
    write_configuration(tmp_path, upstreams=upstreams, models={"chat": model("a")}, settings=settings)
    refused = _run_gateway(tmp_path)
    assert refused.returncode == 2
    assert "gateway.listen: 0.0.0.0 is reachable from elsewhere" in refused.stderr
    assert f"set {SECRET_VARIABLE}" in refused.stderr


def test_wrong_files_are_said_before_anything_starts(tmp_path: Path) -> None:
    """A gateway with wrong files ends at once with their exit code, and names file, line and key of each problem."""
    write_configuration(tmp_path, upstreams={"a": openai_upstream(free_port())}, models={"chat": model("b")})
    refused = _run_gateway(tmp_path)
    assert refused.returncode == 2
    assert "lineups/test.yaml:" in refused.stderr
    assert "models.chat.upstreams[0].upstream" in refused.stderr
    assert "Traceback" not in refused.stderr
