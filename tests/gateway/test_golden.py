"""Golden transcripts through the whole gateway: the bytes that an upstream sees, and those that the caller gets.

Where caller and upstream share a dialect, `CASE.sent.json` and its companions are compared to the byte. The transcripts of
translations, which `tests/upstreams/dialects` checks by themselves, are sent through here as they are, so that nothing on the
way (the reader, the framing, the renaming) adds to them or takes away.
"""

import os
import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.gateway.canned import Canned
from tests.gateway.harness import (
    Running,
    anthropic_upstream,
    free_port,
    model,
    openai_upstream,
    start_gateway,
    write_configuration,
)
from tests.gateway.raw import CHAT, post
from tests.gateway.speaking import MESSAGES, RESPONSES

FOLDER = Path(__file__).parents[1] / "golden"
IS_UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"
PATHS = {"chat": CHAT, "messages": MESSAGES, "responses": RESPONSES}
UPSTREAM_MODELS = {"chat": "example-large", "messages": "claude-opus-4-8"}
PIECES = [None, 7, 1]
"""How an answer is cut up on its way: not at all, into pieces of seven bytes, and of one."""
_DATED = re.compile(rb'"(created|created_at)": ?\d+')


@dataclass(frozen=True, slots=True)
class Case:
    """One transcript."""

    pair: str
    name: str

    def __str__(self) -> str:
        return f"{self.pair}/{self.name}"

    @property
    def caller(self) -> str:
        """Dialect of the caller."""
        return self.pair.partition("-to-")[0]

    @property
    def upstream(self) -> str:
        """Dialect of the upstream."""
        return self.pair.partition("-to-")[2].removesuffix("-by-schema")

    @property
    def is_stream(self) -> bool:
        """The answer is a stream."""
        return self.file("upstream_stream.txt").exists()

    @property
    def told(self) -> bytes:
        """What the upstream answers."""
        return self.file("upstream_stream.txt" if self.is_stream else "upstream_answer.json").read_bytes()

    @property
    def heard(self) -> Path:
        """What the caller gets."""
        return self.file("stream.txt" if self.is_stream else "answer.json")

    def file(self, part: str) -> Path:
        """Return one of its files."""
        return FOLDER / self.pair / f"{self.name}.{part}"


def cases(suffix: str) -> list[Case]:
    """Return the transcripts whose requests have this ending, in order."""
    files = sorted(FOLDER.glob(f"*/*{suffix}"))
    return [Case(file.parent.name, file.name.removesuffix(suffix)) for file in files]


def is_translated(case: Case) -> bool:
    """Tell whether a request is translated here: one of the same dialect without tools passes, whatever its model can do."""
    return case.caller != case.upstream or b'"tools"' in case.file("request.json").read_bytes()


SAME, TRANSLATED = cases(".sent.json"), [case for case in cases(".request.json") if is_translated(case)]


def asked_model(case: Case) -> str:
    """Return the name that a translated transcript asks for."""
    return msgspec.json.decode(case.file("request.json").read_bytes(), type=dict[str, Any])["model"]


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Run a gateway with a model for each transcript's pair and name, and the three that same-dialect transcripts ask for."""
    folder = tmp_path_factory.mktemp("golden")
    ports = {name: free_port() for name in ("chat", "messages", "responses")}
    models: dict[str, Any] = {"chat": model("chat"), "claude": model("messages", capabilities=ALL_BUT_EMBEDDINGS)}
    models["native"] = model("responses")
    for case in TRANSLATED:
        target = {"upstream": case.upstream, "model": UPSTREAM_MODELS[case.upstream], "price": "test/cheap"}
        target |= {"tools_by_schema": True} if case.pair.endswith("-by-schema") else {}
        models[f"{asked_model(case)}.{case.pair}"] = model(capabilities=ALL_BUT_EMBEDDINGS) | {"upstreams": [target]}
    port = write_configuration(
        folder,
        upstreams={
            "chat": openai_upstream(ports["chat"]),
            "messages": anthropic_upstream(ports["messages"]),
            "responses": openai_upstream(ports["responses"], responses=True),
        },
        models=models,
    )
    with start_gateway(folder, port) as running:
        running.ports = ports
        yield running


ALL_BUT_EMBEDDINGS = ["chat", "tools", "json", "images", "reasoning"]


@pytest.mark.parametrize("piece", PIECES, ids=["whole", "by 7", "by 1"])
@pytest.mark.parametrize("case", SAME, ids=str)
async def test_one_dialect_passes_to_the_byte(golden: Running, case: Case, piece: int | None) -> None:
    """Order, spelling, inner white space and unknown members of request and answer stay; only what must change is changed."""
    async with Canned(golden.ports[case.upstream], case.told, is_stream=case.is_stream, piece=piece) as upstream:
        answer = await post(golden, case.file("sent.json").read_bytes(), path=PATHS[case.caller])
    assert answer.status == 200
    compare(upstream.requests[0], case.file("upstream_sent.json"))
    compare(answer.body, case.heard)


@pytest.mark.parametrize("case", SAME, ids=str)
def test_one_dialect_changes_names_only(case: Case) -> None:
    """Of a same-dialect transcript only the model's name, and for chat streams the wish for usage, is not as it was sent."""
    sent = msgspec.json.decode(case.file("sent.json").read_bytes(), type=dict[str, msgspec.Raw])
    seen = msgspec.json.decode(case.file("upstream_sent.json").read_bytes(), type=dict[str, msgspec.Raw])
    assert list(sent) == list(seen)
    changed = {name for name in sent if bytes(sent[name]) != bytes(seen[name])}
    assert changed <= {"model", "stream_options"}
    assert "model" in changed


@pytest.mark.parametrize("case", TRANSLATED, ids=str)
async def test_a_translation_arrives_as_its_transcript_says(golden: Running, case: Case) -> None:
    """A translated request and its answer are those of the transcript after the whole way through the gateway."""
    name = asked_model(case)
    request = msgspec.json.decode(case.file("request.json").read_bytes(), type=dict[str, msgspec.Raw])
    request["model"] = msgspec.Raw(msgspec.json.encode(f"{name}.{case.pair}"))
    async with Canned(golden.ports[case.upstream], case.told, is_stream=case.is_stream) as upstream:
        answer = await post(golden, msgspec.json.encode(request), path=PATHS[case.caller])
    assert answer.status == 200
    body = answer.body.replace(f"{name}.{case.pair}".encode(), name.encode())
    assert pretty(upstream.requests[0]) == case.file("upstream_request.json").read_bytes()
    assert undated(body if case.is_stream else pretty(body)) == undated(case.heard.read_bytes())


def test_every_pair_has_transcripts() -> None:
    """Each way between two dialects that the gateway offers has a transcript of a whole answer and of a stream."""
    expected = {f"{caller}-to-{upstream}" for caller in PATHS for upstream in ("chat", "messages")}
    expected |= {"responses-to-responses"}
    kinds = {(case.pair, case.is_stream) for case in [*SAME, *TRANSLATED]}
    assert kinds >= {(pair, is_stream) for pair in expected for is_stream in (False, True)}


def undated(data: bytes) -> bytes:
    """Leave out moments, which here are today's."""
    return _DATED.sub(rb'"\1":0', data)


def pretty(data: bytes) -> bytes:
    """Write JSON as the transcripts have it."""
    return msgspec.json.format(data, indent=2) + b"\n"


def compare(actual: bytes, file: Path) -> None:
    """Compare with a file, or write it."""
    if IS_UPDATE:
        file.write_bytes(actual)
    assert actual == file.read_bytes()
