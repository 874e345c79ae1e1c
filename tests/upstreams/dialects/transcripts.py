"""Golden transcripts: what stands in a file, and what the translation makes of it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from triplepoint.upstreams.dialects.model import Dialect, Event, Exchange
from triplepoint.upstreams.dialects.sse import SseFramer, parse, write
from triplepoint.upstreams.dialects.translate import exchange

FOLDER = Path(__file__).parents[2] / "golden"
IS_UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"
"""``UPDATE_GOLDEN=1`` writes what comes out instead of comparing; read the difference before you commit it."""
UPSTREAM_MODELS = {Dialect.CHAT: "example-large", Dialect.MESSAGES: "claude-opus-4-8"}
NOON_US = 1_767_225_600_000_000
_SUFFIX = ".request.json"
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class StoppedClock:
    """A clock that shows one moment."""

    def now_us(self) -> int:
        return NOON_US

    def steady_s(self) -> float:
        return 0.0


@dataclass(frozen=True)
class Case:
    """One transcript."""

    pair: str
    name: str

    def __str__(self) -> str:
        return f"{self.pair}/{self.name}"

    @property
    def caller(self) -> Dialect:
        return Dialect(self.pair.split("-to-")[0])

    @property
    def upstream(self) -> Dialect:
        return Dialect(self.pair.split("-to-")[1].removesuffix("-by-schema"))

    @property
    def is_stream(self) -> bool:
        return self.file("upstream_stream.txt").exists()

    def file(self, part: str) -> Path:
        return FOLDER / self.pair / f"{self.name}.{part}"

    def exchange(self) -> Exchange:
        fields = _FIELDS.decode(self.file("request.json").read_bytes())
        return exchange(
            fields,
            caller=self.caller,
            upstream=self.upstream,
            asked_model=msgspec.json.decode(fields["model"], type=str),
            upstream_model=UPSTREAM_MODELS[self.upstream],
            max_output_tokens=4096,
            tools_by_schema=self.pair.endswith("-by-schema"),
            clock=StoppedClock(),
        )


def cases() -> list[Case]:
    """Return all transcripts, in order."""
    files = sorted(FOLDER.glob(f"*/*{_SUFFIX}"))
    return [Case(file.parent.name, file.name.removesuffix(_SUFFIX)) for file in files]


def pretty(value: object) -> bytes:
    """Write JSON for people; the order of members and the spelling of values stay as they are."""
    data = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return msgspec.json.format(data, indent=2) + b"\n"


def events_of(stream: bytes) -> Iterator[Event]:
    """Read the events of a stream."""
    for block in SseFramer().blocks(stream):
        event = parse(block)
        assert event is not None
        yield event


def translated_stream(case: Case) -> bytes:
    """Translate a transcript's stream, event by event."""
    translator = case.exchange().events()
    told = [out for event in events_of(case.file("upstream_stream.txt").read_bytes()) for out in translator.feed(event)]
    return b"".join(write(event) for event in told)


def compare(actual: bytes, file: Path) -> None:
    """Compare with a file, or write it."""
    if IS_UPDATE:
        file.write_bytes(actual)
    assert file.read_bytes() == actual
