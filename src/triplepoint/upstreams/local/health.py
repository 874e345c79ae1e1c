"""Whether a model's server answers: one tiny GET over a connection of its own."""

import asyncio

_REQUEST = b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"
_STATUS_LINE_OK = b"HTTP/1.1 200"


async def answers(host: str, port: int, *, timeout_s: float) -> bool:
    """Ask a server how it is.

    Args:
        host, port: Where it listens.
        timeout_s: Seconds for connecting and answering together.
    Returns: True for a 200; False for anything else, an error of the network included.
    """
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(_REQUEST)
                return (await reader.readline()).startswith(_STATUS_LINE_OK)
            finally:
                writer.close()
    except (OSError, ValueError):  # TimeoutError is an OSError; ValueError: a line without end
        return False
