"""Counters and databases of each kind, to hold all of them to the same promises."""

from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from itertools import count
from pathlib import Path

import pytest
from tests.access.helpers import ADMIN, furnish
from tests.plans.shop import Shop, open_shop
from tests.plans.valkey_server import ValkeyServer, free_port
from tests.postgres import lent_database

from triplepoint.plans.counters.memory import MemoryCounters
from triplepoint.plans.counters.ports import Counters
from triplepoint.plans.counters.valkey import ValkeyCounters

OpenCounters = Callable[[], AbstractAsyncContextManager[Counters]]
"""Opens counters that know nothing yet; as often as one likes, in any event loop."""

_prefixes = count()


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """Run a server as a cluster of one, which refuses scripts that touch two slots."""
    folder: Path = tmp_path_factory.mktemp("valkey")
    as_cluster = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    server = ValkeyServer(folder, "--save", "", "--appendonly", "no", *as_cluster)
    try:
        server.start()
        server.make_cluster()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def open_in_valkey(valkey: ValkeyServer) -> OpenCounters:
    """Open counters in Valkey."""

    @asynccontextmanager
    async def open_them() -> AsyncGenerator[Counters]:
        counters = ValkeyCounters(valkey.url, prefix=f"t{next(_prefixes)}", connect_s=5.0, command_s=5.0)  # it may be busy
        try:
            yield counters
        finally:
            await counters.close()

    return open_them


@pytest.fixture(scope="session")
def open_in_memory() -> OpenCounters:
    """Open counters in this process."""

    @asynccontextmanager
    async def open_them() -> AsyncGenerator[Counters]:
        yield MemoryCounters()

    return open_them


@pytest.fixture(scope="session", params=["memory", "valkey"])
def open_counters(request: pytest.FixtureRequest) -> OpenCounters:
    """Open counters of each kind."""
    opener: OpenCounters = request.getfixturevalue(f"open_in_{request.param}")
    return opener


@pytest.fixture
async def counters(open_counters: OpenCounters) -> AsyncGenerator[Counters]:
    """Give a test counters that know nothing yet."""
    async with open_counters() as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Shop]:
    """Give an empty plans room with the customers acme and beta to a test, on either kind of database."""
    with ExitStack() as stack:
        url = None
        if request.param == "postgresql":
            url = stack.enter_context(lent_database(request.getfixturevalue("postgres")))
        room = furnish(tmp_path, url)
        stack.callback(room.engine.dispose)
        made = open_shop(room)
        for name in ("acme", "beta"):
            room.access.customers.create(ADMIN, name)
        room.announced.clear()
        yield made
