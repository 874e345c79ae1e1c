"""What tests say to a gateway, what its upstreams are told to answer, and what it wrote down about it."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from tests.gateway.harness import Running
from tests.gateway.raw import Raw, get

from triplepoint.ledger.model import AttemptRow
from triplepoint.ledger.tail import Tail
from triplepoint.upstreams.simulated.model import Script
from triplepoint.upstreams.simulated.seen import SeenRequest

Json = dict[str, Any]

MESSAGES = "/v1/messages"
RESPONSES = "/v1/responses"
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CALLS = [{"name": "weather", "arguments": {"city": "Bern"}}, {"name": "weather", "arguments": {"city": "Basel"}}]


def script(**members: Any) -> Script:
    """Make a script as a file would have it; bodies of requests are kept."""
    return Script.model_validate({"record": True, **members}, strict=False)


def says(text: str = "one two three", **answer: Any) -> Script:
    """Make a script that answers with a text."""
    return script(answer={"text": text, **answer})


def fails(**fault: Any) -> Script:
    """Make a script that answers ``one two three four`` with a fault, always."""
    return script(answer={"text": "one two three four"}, cases=[{"fault": fault}])


def fails_once(**fault: Any) -> Script:
    """Make a script whose first answer fails."""
    return script(answer={"text": "one two three four"}, cases=[{"when": {"nth": 1}, "fault": fault}])


def user(text: str = "hello") -> list[Any]:
    """Make the messages of a question."""
    return [{"role": "user", "content": text}]


def seen_body(seen: SeenRequest) -> Json:
    """Read the body that an upstream saw."""
    assert seen.body is not None
    return json.loads(seen.body)


def events(stream: bytes) -> list[tuple[str, Any]]:
    """Read a stream's events as their name and data, ``[DONE]`` as text; comments are left out."""
    found: list[tuple[str, Any]] = []
    for block in stream.decode().split("\n\n"):
        lines = [line.partition(": ") for line in block.split("\n") if line and not line.startswith(":")]
        if lines:
            fields = {name: value for name, _, value in lines}
            data = fields["data"]
            found.append((fields.get("event", ""), data if data == "[DONE]" else json.loads(data)))
    return found


def chunks(stream: bytes) -> list[Any]:
    """Read the chunks of a chat stream, without its end."""
    return [data for _, data in events(stream) if data != "[DONE]"]


async def receipt_of(gateway: Running, headers: Mapping[str, str], key: str = "") -> Json:
    """Fetch the receipt that an answer's headers name."""
    answer = await get(gateway, f"/v1/receipts/{headers['x-triplepoint-receipt']}", key=key)
    assert answer.status == 200, answer.body
    return answer.json()


async def attempts_of(gateway: Running, answer: Raw) -> list[Json]:
    """Fetch the attempts behind an answer."""
    return (await receipt_of(gateway, answer.headers))["attempts"]


async def until(holds: Callable[[], bool], within_s: float = 5.0) -> None:
    """Wait until something holds, or fail."""
    for _ in range(int(within_s / 0.01)):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"did not come to hold within {within_s} s")


class Ended:
    """Attempts that end from now on, as the journal has them; for callers that never see their receipt."""

    def __init__(self, gateway: Running) -> None:
        self._tail = Tail(gateway.journal)
        self.rows: list[AttemptRow] = []

    async def until(self, count: int) -> list[AttemptRow]:
        """Wait for so many."""
        await until(lambda: len(self._poll()) >= count)
        return self.rows

    def _poll(self) -> list[AttemptRow]:
        self.rows += self._tail.poll()
        return self.rows

    def __enter__(self) -> "Ended":
        return self

    def __exit__(self, *_: object) -> None:
        self._tail.close()


def json_of(value: object) -> bytes:
    """Write JSON."""
    return msgspec.json.encode(value)
