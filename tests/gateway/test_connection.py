import asyncio
import gc
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn
from tests.gateway.harness import free_port

from triplepoint.gateway.connection import Connection
from triplepoint.gateway.cycle import Cycle
from triplepoint.processes.serving import QuietServer

Message = MutableMapping[str, Any]


async def _answer(
    _scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def _cycles() -> int:
    return sum(1 for thing in gc.get_objects() if type(thing) is Cycle)


async def test_a_request_leaves_nothing_to_the_collector() -> None:
    """What a finished request held is freed at once, so memory is used again while it is warm and no collection is needed."""
    port = free_port()
    config = uvicorn.Config(_answer, port=port, http=Connection, loop="none", lifespan="off", log_config=None, ws="none")  # pyright: ignore[reportArgumentType]
    server = QuietServer(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    gc.collect()
    gc.disable()
    try:
        before = _cycles()
        for _ in range(50):
            writer.write(b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 5\r\n\r\nhello")
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        assert _cycles() - before <= 1  # the last one, which the open connection still names
    finally:
        gc.enable()
        writer.close()
        server.should_exit = True
        await serving
