"""Tools that are offered, and a conversation that waits for a tool's result to be read, in each dialect."""

from typing import Any

import msgspec
import pytest
from tests.routing.signals.bodies import CONVERSATION, fields_of, said

from triplepoint.routing.signals.tools import is_tool_loop, offers_tools
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.texts import conversation

CALL: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "f"}}]}
LOOPS = [
    (Dialect.CHAT, [*said("go"), CALL, {"role": "tool", "tool_call_id": "1", "content": "42"}]),
    (Dialect.CHAT, [*said("go"), {"role": "function", "name": "f", "content": "42"}]),
    (Dialect.CHAT, [*said("go"), CALL, {"role": "tool", "content": "42"}, {"role": "system", "content": ""}]),
    (
        Dialect.RESPONSES,
        [*said("go"), {"type": "function_call", "name": "f"}, {"type": "function_call_output", "output": "42"}],
    ),
    (Dialect.RESPONSES, [*said("go"), {"type": "custom_tool_call_output", "output": [{"type": "input_text", "text": "42"}]}]),
    (Dialect.RESPONSES, [*said("go"), {"type": "local_shell_call_output", "output": "42"}]),
    (
        Dialect.MESSAGES,
        [*said("go", "well"), {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "42"}]}],
    ),
]
NO_LOOPS: list[tuple[Dialect, Any]] = [
    (Dialect.CHAT, said("go")),
    (Dialect.CHAT, [{"role": "tool", "content": "42"}, *said("go")]),
    (Dialect.CHAT, said('{"role": "tool"}')),
    (Dialect.RESPONSES, "go"),
    (Dialect.RESPONSES, [{"type": "function_call_output", "output": "42"}, *said("go")]),
    (Dialect.RESPONSES, [*said("go"), {"type": "reasoning", "summary": []}]),
    (Dialect.MESSAGES, said("a", "b", "what is a tool_result?")),
    (Dialect.MESSAGES, []),
]


@pytest.mark.parametrize(("dialect", "items"), LOOPS)
def test_loop(dialect: Dialect, items: list[Any]) -> None:
    """A tool's result as the last word is a loop, whatever instruction comes after it."""
    assert is_tool_loop(conversation(fields_of({CONVERSATION[dialect]: items}), dialect), dialect)


@pytest.mark.parametrize(("dialect", "items"), NO_LOOPS)
def test_no_loop(dialect: Dialect, items: Any) -> None:
    """A person's words, a model's, or a result from long ago are none."""
    assert not is_tool_loop(conversation(fields_of({CONVERSATION[dialect]: items}), dialect), dialect)


@pytest.mark.parametrize(
    ("raw", "offered"),
    [(b'[{"a": 1}]', True), (b" [ 1 ]", True), (b"[]", False), (b"[ \n ]", False), (b"null", False), (b"{}", False)],
)
def test_offered(raw: bytes, offered: bool) -> None:
    """A list with something in it offers tools; anything else does not."""
    assert offers_tools({"tools": msgspec.Raw(raw)}, Dialect.MESSAGES) is offered


def test_functions_are_chats() -> None:
    """The member that chat began with is no member of the other dialects."""
    fields = {"functions": msgspec.Raw(b'[{"name": "f"}]')}
    assert [offers_tools(fields, dialect) for dialect in (Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES)] == [
        True,
        False,
        False,
    ]
