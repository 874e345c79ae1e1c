"""Signal `request_class`: what an agent says that its request is for, by its headers, or by the shape of its request.

Coding agents send more than what a person asked for: names for conversations, summaries that take a long conversation's place,
probes, guesses of what the person might type next. They deserve a small model, or, for a summary, never one.

Claude Code
    ``x-claude-code-request-class`` (``main``, ``subagent``, ``workflow``, ``compaction``, ``auxiliary``),
    ``x-claude-code-compaction`` and ``x-claude-code-agent-id``: its gateway protocol reference (code.claude.com,
    llm-gateway-protocol), read in a stored copy of November 2026. The first two need version 2.1.273 and
    ``CLAUDE_CODE_GATEWAY_HINT_HEADERS=1`` on the developer's side; the third is always sent by a subagent.
    Without them by shape: the fixed beginnings of its own prompts, which several independent gateways match in their tests
    (a 5-10 word title; ``isNewTopic``; a detailed summary; suggestion mode; ``Warmup``), and its probe of one output token.
    They are looked at only in what Claude Code sent, by its session header, its user agent ``claude-cli/`` or its beta flag.
Codex
    ``x-openai-subagent`` (``review``, ``compact``, ``memory_consolidation``, ``collab_spawn`` or a label): openai/codex,
    ``codex-rs/codex-api/src/requests/headers.rs`` at 546585f. ``x-openai-memgen-request: true``: seen in the allow-lists of
    several gateways, which cite codex-rs. The beginning of its compaction prompt:
    ``codex-rs/core/templates/compact/prompt.md``, as those gateways cite it.
opencode
    ``x-parent-session-id`` beside its user agent: ``packages/opencode/src/session/llm/request.ts`` at 31e22f6 of sst/opencode;
    the first message of its title request: ``session/prompt.ts`` there.

``x-stainless-*`` headers name the client's language and retries, not what a request is for, and are left alone.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from triplepoint.lineups.told import RequestClass
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.texts import Item, RawFields, instructions, text_of

_CLAUDE_CLASS: Final = b"x-claude-code-request-class"
_CLAUDE_CLASSES: Final = {
    b"main": RequestClass.MAIN,
    b"subagent": RequestClass.SUBAGENT,
    b"workflow": RequestClass.SUBAGENT,
    b"compaction": RequestClass.COMPACTION,
    b"auxiliary": RequestClass.BACKGROUND,
}
_CLAUDE_COMPACTION: Final = b"x-claude-code-compaction"
_CLAUDE_AGENT: Final = b"x-claude-code-agent-id"
_CLAUDE_SESSION: Final = b"x-claude-code-session-id"
_CLAUDE_BETA: Final = b"claude-code-"
_CODEX_SUBAGENT: Final = b"x-openai-subagent"
_CODEX_SUBAGENTS: Final = {b"compact": RequestClass.COMPACTION, b"memory_consolidation": RequestClass.BACKGROUND}
_CODEX_MEMORY: Final = b"x-openai-memgen-request"
_OPENCODE_PARENT: Final = b"x-parent-session-id"

_CLAUDE_SAYS: Final = (
    ("[SUGGESTION MODE:", RequestClass.BACKGROUND),
    ("Please write a 5-10 word title", RequestClass.TITLE),
    ("Your task is to create a detailed summary of ", RequestClass.COMPACTION),
)
_CLAUDE_WARMUP: Final = "Warmup"
_CLAUDE_TOPIC: Final = b"isNewTopic"
_CODEX_COMPACTS: Final = "You are performing a CONTEXT CHECKPOINT COMPACTION"
_OPENCODE_TITLE: Final = "Generate a title for this conversation:"
_BEGINNING: Final = 2_000
"""Characters within which a prompt of the agent's own shows itself."""


def request_class_of(
    headers: Mapping[bytes, bytes], fields: RawFields, dialect: Dialect, *, items: list[Item], last: str
) -> str:
    """Tell what a request is for, a value of `RequestClass`; the empty text where no agent says it.

    Args:
        headers: Of the request, names in lower case.
        items: The conversation.
        last: What the person, or the agent in its place, said last.
    """
    if not headers:
        return ""
    said = _by_header(headers) or _by_shape(headers, fields, dialect, items, last[:_BEGINNING])
    return "" if said is None else said.value


def _by_header(headers: Mapping[bytes, bytes]) -> RequestClass | None:
    said = _CLAUDE_CLASSES.get(headers.get(_CLAUDE_CLASS, b"").strip())
    if said is not None:
        return said
    if _CLAUDE_COMPACTION in headers:
        return RequestClass.COMPACTION
    if _CODEX_SUBAGENT in headers:
        return _CODEX_SUBAGENTS.get(headers[_CODEX_SUBAGENT].strip(), RequestClass.SUBAGENT)
    return RequestClass.BACKGROUND if headers.get(_CODEX_MEMORY) == b"true" else None


def _by_shape(
    headers: Mapping[bytes, bytes], fields: RawFields, dialect: Dialect, items: list[Item], last: str
) -> RequestClass | None:
    agent = headers.get(b"user-agent", b"")
    if _CLAUDE_SESSION in headers or agent.startswith(b"claude-cli/") or _CLAUDE_BETA in headers.get(b"anthropic-beta", b""):
        shape = _claude_shape(fields, dialect, last)
        return shape or (RequestClass.SUBAGENT if _CLAUDE_AGENT in headers else RequestClass.MAIN)
    if agent.startswith(b"codex"):
        return RequestClass.COMPACTION if _CODEX_COMPACTS in last else RequestClass.MAIN
    if agent.startswith(b"opencode/"):
        if _opens_with(items, _OPENCODE_TITLE):
            return RequestClass.TITLE
        return RequestClass.SUBAGENT if _OPENCODE_PARENT in headers else RequestClass.MAIN
    return None


def _claude_shape(fields: RawFields, dialect: Dialect, last: str) -> RequestClass | None:
    for beginning, found in _CLAUDE_SAYS:
        if beginning in last:
            return found
    if last == _CLAUDE_WARMUP or bytes(fields.get("max_tokens", msgspec.Raw(b""))) == b"1":
        return RequestClass.BACKGROUND
    if "tools" not in fields and _CLAUDE_TOPIC in bytes(instructions(fields, dialect)):
        return RequestClass.TITLE
    return None


def _opens_with(items: list[Item], beginning: str) -> bool:
    first = next((item for item in items if item.is_user_turn()), None)
    return first is not None and text_of(first.content).startswith(beginning)
