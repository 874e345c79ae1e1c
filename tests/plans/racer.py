"""Races for the last units of a counter from a process of its own: ``python -m tests.plans.racer URL PREFIX NAME CLIENTS``.

Says when it is ready, begins when a line comes in, and prints how many of its requests got something.
"""

import asyncio
import sys

from tests.plans.counting import LIFE_US, START_US, window

from triplepoint.plans.counters.model import Reserved
from triplepoint.plans.counters.valkey import ValkeyCounters


async def race(url: str, prefix: str, name: str, clients: int, *, is_waiting: bool = False) -> int:
    """Race over two connections, at once or when a line comes in; returns how many got something."""
    ways = [ValkeyCounters(url, prefix=prefix, connect_s=5.0, command_s=5.0) for _ in range(2)]
    claim = window("week", 3000, 1)
    for way in ways:
        await way.look("cust_1", [claim], now_us=START_US)
    if is_waiting:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
    asked = (
        ways[number % 2].reserve("cust_1", f"{name} {number}", [claim], now_us=START_US, expires_us=START_US + LIFE_US)
        for number in range(clients)
    )
    answers = await asyncio.gather(*asked)
    for way in ways:
        await way.close()
    return sum(isinstance(answer, Reserved) for answer in answers)


if __name__ == "__main__":
    _, url, prefix, name, clients = sys.argv
    sys.stdout.write(str(asyncio.run(race(url, prefix, name, int(clients), is_waiting=True))))
