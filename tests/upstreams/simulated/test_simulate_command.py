import asyncio
import json
import signal
import socket
import sys
from pathlib import Path

import typer
from tests.upstreams.simulated.helpers import CHAT, chat, receive, request_bytes
from typer.testing import CliRunner

from triplepoint.cli.simulate import simulate

app = typer.Typer()
app.command()(simulate)

_RUN = "import typer; from triplepoint.cli.simulate import simulate; typer.run(simulate)"


async def _answer(port: int) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_bytes(CHAT, chat("hello")))
    wire = await receive(reader, 0.1)
    writer.close()
    return wire.status


async def test_it_serves_until_it_is_stopped(tmp_path: Path) -> None:
    """The command says where it listens, answers, counts into its file, and ends cleanly on SIGINT."""
    seen = tmp_path / "seen"
    arguments = ["-c", _RUN, "--json", "--seen-file", str(seen)]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    base_url: str = json.loads(await process.stdout.readline())["base_url"]
    port = int(base_url.removesuffix("/v1").rpartition(":")[2])
    assert [await _answer(port) for _ in range(3)] == [200, 200, 200]
    process.send_signal(signal.SIGINT)
    output, _ = await process.communicate()
    assert (process.returncode, json.loads(output)) == (0, {"requests": 3})
    assert [json.loads(line)["id"] for line in seen.read_text().splitlines()] == [1, 2, 3]


def test_check_reads_a_script(tmp_path: Path) -> None:
    """``--check`` says that a script is right, or what is wrong with it, and serves nothing."""
    right, wrong = tmp_path / "right.yaml", tmp_path / "wrong.yaml"
    right.write_text("cases: [{fault: {kind: empty}}]\n")
    wrong.write_text("answer: {pace: {first_token: 3}}\n")
    good = CliRunner().invoke(app, [str(right), "--check", "--json"])
    assert (good.exit_code, json.loads(good.output)) == (0, {"ok": True, "cases": 1})
    bad = CliRunner().invoke(app, [str(wrong), "--check"])
    assert bad.exit_code == 2
    assert "has no unit" in bad.output
    assert json.loads(CliRunner().invoke(app, [str(wrong), "--json"]).output)["ok"] is False


def test_a_taken_port_ends_it() -> None:
    """A port that is taken is named, and the command fails."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port: int = other.getsockname()[1]
        result = CliRunner().invoke(app, ["--port", str(port)])
    assert result.exit_code == 1
    assert f"cannot listen on 127.0.0.1:{port}" in result.output
