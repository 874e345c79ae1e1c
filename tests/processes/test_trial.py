"""Calling every upstream once: what works, and in which words is said what does not."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.harness import anthropic_upstream, free_port, model, openai_upstream, write_configuration
from tests.gateway.making import TODAY

from triplepoint.configuration.calls import CallResult
from triplepoint.configuration.load import load_configuration
from triplepoint.processes.trial import call_upstreams
from triplepoint.upstreams.simulated.model import Script
from triplepoint.upstreams.simulated.server import SimulatedServer

SECRET = "sk-planted-upstream-key-0123456789"  # a key that is planted to be searched for


async def _call(folder: Path, upstreams: Mapping[str, Any], models: Mapping[str, Any]) -> dict[str, CallResult]:
    write_configuration(folder, upstreams=upstreams, models=models)
    configuration = load_configuration(folder, {"PLANTED": SECRET}, TODAY)
    return {result.upstream: result for result in await call_upstreams(configuration)}


async def test_what_works_is_said_with_its_time(tmp_path: Path) -> None:
    """Each upstream gets one request for one token, in its own dialect; one that only embeds gets a text to embed."""
    async with (
        SimulatedServer(Script(record=True)) as chat,
        SimulatedServer(Script()) as messages,
        SimulatedServer(Script()) as vectors,
    ):
        called = await _call(
            tmp_path,
            {
                "chat": openai_upstream(chat.port),
                "messages": anthropic_upstream(messages.port),
                "vectors": openai_upstream(vectors.port),
            },
            {
                "one": model("chat", capabilities=["chat"]),
                "two": model("messages", capabilities=["chat"]),
                "three": model("vectors", capabilities=["embeddings"]),
            },
        )
        assert {name: (one.is_ok, one.status, one.error) for name, one in called.items()} == dict.fromkeys(
            called, (True, 200, None)
        )
        assert all((one.total_s or 0) > 0 for one in called.values())
        assert [seen.path for seen in (*chat.seen, *messages.seen, *vectors.seen)] == [
            "/v1/chat/completions",
            "/v1/messages",
            "/v1/embeddings",
        ]
        assert b'"max_tokens":1' in (chat.seen[0].body or b"")


@pytest.mark.parametrize("status", [401, 404, 500])
async def test_a_refusal_is_said_with_its_status(tmp_path: Path, status: int) -> None:
    """The status is what a person needs; the key that was sent is in nothing that is said."""
    script = Script.model_validate({"cases": [{"fault": {"kind": "status", "status": status}}]}, strict=False)
    async with SimulatedServer(script) as server:
        called = await _call(tmp_path, {"a": openai_upstream(server.port, api_key="${PLANTED}")}, {"m": model("a")})
    assert (called["a"].is_ok, called["a"].status) == (False, status)
    assert f"it answered {status}" in (called["a"].error or "")
    assert SECRET not in repr(called)


async def test_one_that_is_away_does_not_keep_the_others(tmp_path: Path) -> None:
    """All are called at the same time, and each has its own result."""
    async with SimulatedServer(Script()) as server:
        upstreams = {"here": openai_upstream(server.port), "away": openai_upstream(free_port())}
        called = await _call(tmp_path, upstreams, {"m": model("here", "away")})
    assert called["here"].is_ok
    assert not called["away"].is_ok
    assert (called["away"].error or "").startswith("connect_failed: ")


async def test_an_answer_that_is_none_is_not_taken_for_one(tmp_path: Path) -> None:
    """A 200 with something else in it is a failure."""
    script = Script.model_validate({"cases": [{"fault": {"kind": "garbage", "where": "body"}}]}, strict=False)
    async with SimulatedServer(script) as server:
        called = await _call(tmp_path, {"a": openai_upstream(server.port)}, {"m": model("a")})
    assert (called["a"].is_ok, (called["a"].error or "").partition(":")[0]) == (False, "protocol_error")


async def test_an_upstream_of_ours_needs_no_call(tmp_path: Path) -> None:
    """A simulated one is always there."""
    called = await _call(tmp_path, {"s": {"kind": "simulated"}}, {"m": model("s")})
    assert called["s"].is_ok
