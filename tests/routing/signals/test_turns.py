"""The last three turns are read, the person's words apart from the others', and what tools insert is nobody's."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.routing.signals.bodies import CONVERSATION, fields_of, said

from triplepoint.routing.signals.turns import CHARACTERS_ANSWERED, CHARACTERS_ASKED, Turns, read_turns
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.texts import conversation


def read(items: list[Any], dialect: Dialect = Dialect.CHAT) -> Turns:
    """Read the turns of a conversation."""
    return read_turns(conversation(fields_of({CONVERSATION[dialect]: items}), dialect))


def test_who_said_what() -> None:
    """Of five turns the last three are read: the last, the two before, and what was answered meanwhile."""
    turns = read(said("one", "1", "two", "2", "three", "3", "four", "4", "five"))
    assert turns == Turns("five", "three\nfour", "3\n4", "three\n3\nfour\n4\nfive", 5, 4)


def test_system_prompts_are_not_read() -> None:
    """Instructions, wherever they stand, are nobody's words."""
    told = [{"role": "system", "content": "prove it"}, *said("hello"), {"role": "developer", "content": "refactor"}]
    assert read(told) == Turns("hello", "", "", "hello", 1, 5)


def test_what_tools_insert_is_not_read() -> None:
    """What coding tools put into a person's turn between their own tags is left out, and only that."""
    text = "<system-reminder>\nprove it\n</system-reminder>\nhello\n<system-reminder>x</system-reminder>"
    assert read(said(text)).last == "hello"
    parts = [{"type": "text", "text": "<environment_details>Python</environment_details>"}, {"type": "text", "text": "hello"}]
    assert read([{"role": "user", "content": parts}]).last == "hello"
    assert read(said("<system-reminder>never closed, hello")).last == "<system-reminder>never closed, hello"
    assert read(said("a <b>bold</b> word")).last == "a <b>bold</b> word"
    unclosed = "hello</b><system-reminder>never closed"
    assert read(said(unclosed)).last == "hello</b>"


def test_a_long_tool_result_does_not_hide_the_question() -> None:
    """However much a tool answers, what the person asked for is read whole, and both ends of the answer."""
    items = [
        {"role": "user", "content": "find the bug " + "x" * 3000},
        {"type": "function_call_output", "call_id": "1", "output": "begin" + "y" * 100_000 + "end"},
    ]
    turns = read(items, Dialect.RESPONSES)
    assert len(turns.last) == 3013
    assert turns.answered.startswith("begin")
    assert turns.answered.endswith("end")


@given(st.lists(st.text(max_size=9_000), max_size=9), st.sampled_from(list(Dialect)))
def test_bounded(texts: list[str], dialect: Dialect) -> None:
    """Never more is read than is said to be, up to a line break for each text that is cut or joined."""
    turns = read(said(*texts), dialect)
    breaks = 2 * len(texts)
    assert len(turns.last) + len(turns.earlier) <= CHARACTERS_ASKED + breaks
    assert len(turns.answered) <= CHARACTERS_ANSWERED + breaks
    assert len(turns.text) <= CHARACTERS_ASKED + CHARACTERS_ANSWERED + breaks
    assert turns.number == (len(texts) + 1) // 2
