"""The guard of `tests/conftest.py`, tried on tests of its own in a pytest of their own."""

import os
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONFTEST = Path(__file__).parent.parent / "conftest.py"

TESTS = """
import asyncio, contextlib, socket, threading
import pytest, uvloop

ELSEWHERE = "192.0.2.1"  # kept for documentation; nobody has it

async def open_stream(host):
    await asyncio.open_connection(host, 9)

def connect(host):
    with socket.socket() as one:
        one.connect((host, 9))

def send(host):
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.sendto(b"x", (host, 9))

WAYS = {
    "connect": connect,
    "send": send,
    "create_connection": lambda host: socket.create_connection((host, 9), timeout=1),
    "asyncio": lambda host: asyncio.run(open_stream(host)),
    "uvloop": lambda host: uvloop.run(open_stream(host)),
}

@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("host", [ELSEWHERE, "example.com"])
def test_leaves(way, host):
    WAYS[way](host)

@pytest.mark.parametrize("way", WAYS)
def test_leaves_and_says_nothing(way):
    with contextlib.suppress(OSError):
        WAYS[way](ELSEWHERE)

def test_leaves_in_a_thread():
    def run():
        with contextlib.suppress(OSError):
            connect(ELSEWHERE)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()

@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_stays(way, host):
    with contextlib.suppress(ConnectionRefusedError):
        WAYS[way](host)

def test_stays_with_a_unix_socket(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the whole path may be too long for a socket
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as one:
        server.bind("s")
        server.listen()
        one.connect("s")

def test_stays_where_a_name_exists_nowhere():
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("host.invalid", 80)
"""


def test_the_guard_fails_every_way_out_and_nothing_else(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that leaves this machine fails, even where the error is swallowed; one that stays does not."""
    monkeypatch.setenv("PYTHONPATH", str(CONFTEST.parent.parent), prepend=os.pathsep)  # it imports helpers
    pytester.makeconftest(CONFTEST.read_text("utf-8"))
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:xdist")
    outcomes = result.parseoutcomes()
    ways, hosts = 5, 2
    swallowed = ways + 1  # passes, and is found out at its end
    assert outcomes["failed"] == ways * hosts
    assert outcomes["errors"] == ways * hosts + swallowed
    assert outcomes["passed"] == ways * hosts + 2 + swallowed
