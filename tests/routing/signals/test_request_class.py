"""What an agent says of its requests, by headers and shapes that are documented or seen; nobody else is taken for an agent."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.routing.signals.bodies import fields_of, said

from triplepoint.lineups.told import RequestClass
from triplepoint.routing.signals.read import read_request
from triplepoint.upstreams.dialects.model import Dialect

CLAUDE = {b"x-claude-code-session-id": b"0e6a", b"user-agent": b"claude-cli/2.1.280 (external, cli)"}
CODEX = {b"user-agent": b"codex_cli_rs/0.124.0 (Debian 13; x86_64)"}
OPENCODE = {b"user-agent": b"opencode/1.15.4 (linux; x64)", b"x-session-id": b"ses_1"}


def request_class(headers: dict[bytes, bytes], body: dict[str, Any], dialect: Dialect = Dialect.MESSAGES) -> str:
    """Read the class of a request."""
    return read_request(fields_of(body), dialect, headers=headers).signals.request_class


@pytest.mark.parametrize(
    ("header", "value", "expected"),
    [
        (b"x-claude-code-request-class", b"main", "main"),
        (b"x-claude-code-request-class", b"subagent", "subagent"),
        (b"x-claude-code-request-class", b"workflow", "subagent"),
        (b"x-claude-code-request-class", b"compaction", "compaction"),
        (b"x-claude-code-request-class", b"auxiliary", "background"),
        (b"x-claude-code-request-class", b"invented later", "main"),
        (b"x-claude-code-compaction", b"auto", "compaction"),
        (b"x-claude-code-agent-id", b"a1b2", "subagent"),
        (b"x-claude-code-context-compacted", b"auto", "main"),
    ],
)
def test_claude_code_says_it(header: bytes, value: bytes, expected: str) -> None:
    """Claude Code's hint headers are believed; a value that is not known is as if it were not there."""
    body = {"messages": said("fix the failing test"), "tools": [{"name": "Bash"}]}
    assert request_class({**CLAUDE, header: value}, body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"messages": said("fix the failing test"), "tools": [{"name": "Bash"}]}, "main"),
        ({"messages": said("Please write a 5-10 word title for the following conversation: fix it")}, "title"),
        ({"messages": said("fix it"), "system": [{"type": "text", "text": "answer with isNewTopic and title"}]}, "title"),
        ({"messages": said("a", "b", "Your task is to create a detailed summary of the conversation so far")}, "compaction"),
        (
            {"messages": said("a", "b", "[SUGGESTION MODE: say what they might type]"), "tools": [{"name": "Bash"}]},
            "background",
        ),
        ({"messages": said("quota"), "max_tokens": 1}, "background"),
        ({"messages": said("Warmup")}, "background"),
        ({"messages": said("Warm up the engine, please")}, "main"),
        ({"messages": said("fix it"), "system": "isNewTopic", "tools": [{"name": "Bash"}]}, "main"),
    ],
)
@pytest.mark.parametrize(
    "headers",
    [
        CLAUDE,
        {b"user-agent": b"claude-cli/1.0.83 (external, cli)"},
        {b"anthropic-beta": b"claude-code-20250219,interleaved-thinking-2025-05-14"},
    ],
)
def test_claude_code_shows_it(headers: dict[bytes, bytes], body: dict[str, Any], expected: str) -> None:
    """Without hint headers Claude Code's own prompts show what they are for, by whichever header it is known."""
    assert request_class(headers, body) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({b"x-openai-subagent": b"review"}, "subagent"),
        ({b"x-openai-subagent": b"collab_spawn"}, "subagent"),
        ({b"x-openai-subagent": b"compact"}, "compaction"),
        ({b"x-openai-subagent": b"memory_consolidation"}, "background"),
        ({b"x-openai-memgen-request": b"true"}, "background"),
        ({}, "main"),
    ],
)
def test_codex_says_it(headers: dict[bytes, bytes], expected: str) -> None:
    """Codex names the agent that a request is of."""
    assert request_class({**CODEX, **headers}, {"input": said("fix it")}, Dialect.RESPONSES) == expected


def test_codex_shows_a_compaction() -> None:
    """A compaction that Codex does itself begins with its own prompt."""
    body = {"input": said("fix it", "done", "You are performing a CONTEXT CHECKPOINT COMPACTION. Hand over.")}
    assert request_class(CODEX, body, Dialect.RESPONSES) == "compaction"


def test_opencode() -> None:
    """Opencode's title request begins with a message of its own, and a child session names its parent."""
    title = {"messages": [{"role": "user", "content": "Generate a title for this conversation:\n"}, *said("fix it")]}
    assert request_class(OPENCODE, title, Dialect.CHAT) == "title"
    assert request_class(OPENCODE, {"messages": said("fix it")}, Dialect.CHAT) == "main"
    assert (
        request_class({**OPENCODE, b"x-parent-session-id": b"ses_0"}, {"messages": said("fix it")}, Dialect.CHAT) == "subagent"
    )


@pytest.mark.parametrize("text", ["Please write a 5-10 word title for it", "Warmup", "Generate a title for this conversation:"])
def test_others_are_no_agents(text: str) -> None:
    """The same words from anyone else are what somebody asks."""
    for headers in ({}, {b"user-agent": b"OpenAI/Python 2.8.1", b"x-stainless-lang": b"python"}):
        assert request_class(headers, {"messages": said(text), "max_tokens": 1}) == ""


@given(
    st.dictionaries(st.sampled_from([*CLAUDE, b"x-claude-code-request-class", b"x-openai-subagent"]), st.binary(max_size=30))
)
def test_any_headers(headers: dict[bytes, bytes]) -> None:
    """Whatever headers hold, the class is one of the known ones or none."""
    assert request_class(headers, {"messages": said("fix it")}) in {*RequestClass, ""}
