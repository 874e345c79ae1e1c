"""What holds for every test: the network is this machine, and properties are tried the same way everywhere.

A connection to anywhere else fails the test that made it, even where the code under test swallows the error: what the guard
saw is looked at again when the test ends. It stands in front of Python's sockets and of uvloop's connections, which do not
pass through them; processes that a test starts are out of its sight.
"""

import ipaddress
import os
import socket
from collections.abc import Generator
from typing import Any, cast

import pytest
import uvloop
from hypothesis import settings
from tests.postgres import PostgresServer

settings.register_profile("house", deadline=None, print_blob=True)
settings.register_profile("ci", parent=settings.get_profile("house"), derandomize=True)  # a red build is about the change
settings.register_profile("deep", parent=settings.get_profile("house"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "house"))

_outside: list[str] = []
"""Where the running test wanted to go."""


class OutsideNetwork(OSError):
    """A test wanted to leave this machine."""


def pytest_configure(config: pytest.Config) -> None:
    """Put the guard up before any test is imported."""
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    _guard_python(patch)
    _guard_uvloop(patch)


@pytest.fixture(autouse=True)
def no_outside_network() -> Generator[None]:
    """Fail a test that wanted to leave this machine."""
    _outside.clear()
    yield
    if _outside:
        pytest.fail(f"the test wanted to reach {', '.join(_outside)}; the network of tests is loopback only")


@pytest.fixture(scope="session")
def postgres() -> Generator[PostgresServer]:
    """Give a PostgreSQL server that starts with the first test that asks for it."""
    with PostgresServer() as server:
        yield server


def _stay_here(host: object) -> None:
    """Refuse a host that is not this machine.

    Args:
        host: Name or address; a path for a Unix socket.
    Raises:
        OutsideNetwork: it is elsewhere.
        socket.gaierror: a name under ``.invalid``, which exists nowhere; asking a name server for it is needless.
    """
    name = (host.decode() if isinstance(host, bytes) else str(host or "")).strip("[]").lower()
    if name.endswith(".invalid"):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    if not _is_here(name):
        _outside.append(name)
        raise OutsideNetwork(f"tests stay on this machine; {name} is elsewhere")


def _is_here(name: str) -> bool:
    if name in {"", "localhost", "localhost."} or name.startswith(("/", "\0")):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _is_numeric(host: object) -> bool:
    try:
        ipaddress.ip_address(str(host))
    except ValueError:
        return False
    return True


def _host_of(address: Any) -> object:
    return cast("tuple[object, ...]", address)[0] if isinstance(address, tuple) else ""  # the path of a Unix socket is here


def _guard_python(patch: pytest.MonkeyPatch) -> None:
    connect, connect_ex, sendto = socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto
    getaddrinfo = socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _stay_here(_host_of(address))
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _stay_here(_host_of(address))
        return connect_ex(self, address)

    def guarded_sendto(self: socket.socket, *arguments: Any) -> int:
        _stay_here(_host_of(arguments[-1]))
        return sendto(self, *arguments)

    def guarded_getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        if not _is_numeric(host):  # an address is only parsed; a name would be asked for
            _stay_here(host)
        return getaddrinfo(host, *arguments, **options)

    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    patch.setattr(socket.socket, "sendto", guarded_sendto)
    patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)


def _guard_uvloop(patch: pytest.MonkeyPatch) -> None:
    create_connection, getaddrinfo = uvloop.Loop.create_connection, uvloop.Loop.getaddrinfo

    async def guarded_connection(self: uvloop.Loop, factory: Any, host: Any = None, *arguments: Any, **options: Any) -> Any:
        _stay_here(host)
        return await create_connection(self, factory, host, *arguments, **options)

    async def guarded_getaddrinfo(self: uvloop.Loop, host: Any, *arguments: Any, **options: Any) -> Any:
        if not _is_numeric(host):
            _stay_here(host)
        return await getaddrinfo(self, host, *arguments, **options)

    patch.setattr(uvloop.Loop, "create_connection", guarded_connection)
    patch.setattr(uvloop.Loop, "getaddrinfo", guarded_getaddrinfo)
