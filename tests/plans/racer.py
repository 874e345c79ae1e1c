"""Races for the last units of a counter from a process of its own: ``python -m tests.plans.racer URL PREFIX NAME CLIENTS``.

Says when it is ready, begins when a line comes in, and prints how many of its requests got something.
"""

import asyncio
import sys

from tests.plans.counting import LIFE_US, START_US, window

from triplepoint.plans.counters.model import Reserved
from triplepoint.plans.counters.valkey import ValkeyCounters


async def main(url: str, prefix: str, name: str, clients: str) -> None:
    """Race."""
    ways = [ValkeyCounters(url, prefix=prefix, connect_s=5.0, command_s=5.0) for _ in range(2)]
    claim = window("week", 3000, 1)
    for way in ways:
        await way.look("cust_1", [claim], now_us=START_US)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    asked = (
        ways[number % 2].reserve("cust_1", f"{name} {number}", [claim], now_us=START_US, expires_us=START_US + LIFE_US)
        for number in range(int(clients))
    )
    answers = await asyncio.gather(*asked)
    sys.stdout.write(str(sum(isinstance(answer, Reserved) for answer in answers)))
    for way in ways:
        await way.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
