"""The model's process: what it says, and when it leaves."""

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from triplepoint.upstreams.local.launch import LaunchOrder

SERVER = [sys.executable, "-P", "-m", "triplepoint.upstreams.local.server"]


def order(path: Path | str, *, parent_pid: int | None = None) -> LaunchOrder:
    """Return an order for a small context."""
    return LaunchOrder(
        path=str(path),
        alias="nano",
        api_key="secret-of-the-process",
        parent_pid=os.getpid() if parent_pid is None else parent_pid,
        slots=1,
        context_tokens=256,
        threads=1,
    )


def run(line: bytes, timeout_s: float = 20) -> "subprocess.CompletedProcess[bytes]":
    """Run a process with one line of input, which then closes."""
    return subprocess.run(SERVER, input=line, capture_output=True, timeout=timeout_s, check=False)


def test_leaves_when_its_input_closes(nano_file: Path):
    """It says where it listens in one line, nothing else, and leaves within a moment once its input closes."""
    with subprocess.Popen(SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(msgspec.json.encode(order(nano_file)) + b"\n")
        process.stdin.flush()
        word, host, port = process.stdout.readline().split()
        assert (word, host) == (b"READY", b"127.0.0.1")
        assert int(port) > 0
        begun = time.monotonic()
        process.stdin.close()
        assert process.wait(5) == 0
        assert time.monotonic() - begun < 1
        assert process.stdout.read() == b""


def test_says_why_a_file_does_not_load(tmp_path: Path):
    """A file that is no model is refused in one line, with llama.cpp's reason on standard error, without a crash."""
    bad = tmp_path / "bad.gguf"
    bad.write_text("this is not a model")
    with subprocess.Popen(SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        process.stdin.write(msgspec.json.encode(order(bad)) + b"\n")
        process.stdin.flush()
        assert process.wait(20) == 1
        assert process.stdout
        assert process.stderr
        assert process.stdout.read().startswith(b"FAILED llama.cpp does not take it: ")
        said = process.stderr.read()
    assert b"invalid magic characters" in said
    assert b"Traceback" not in said
    assert b"Fatal" not in said


@pytest.mark.parametrize("line", [b"", b"\n", b"{}\n", b'{"path": 1}\n', b"garbage\n"])
def test_refuses_what_is_no_order(line: bytes):
    """An order that cannot be read is refused with what is wrong with it."""
    result = run(line)
    assert result.returncode == 2
    assert result.stdout.startswith(b"FAILED standard input must begin with one line of JSON: ")


def test_leaves_when_its_parent_is_another():
    """A process whose starter is gone already leaves before it loads anything."""
    result = run(msgspec.json.encode(order("/nowhere.gguf", parent_pid=1)) + b"\n")
    assert (result.returncode, result.stdout) == (0, b"")


def test_order_does_not_show_its_key():
    """The key is not in what an order prints as."""
    assert "secret" not in repr(order("/a.gguf"))
