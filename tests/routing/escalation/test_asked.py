"""What a request asks of its answer is read in all three dialects; what is odd asks for nothing."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.routing.answers.model import Wanted
from triplepoint.routing.escalation.asked import READ_CHARS, answers_asked, ends_of, read_asked
from triplepoint.routing.escalation.model import Asked
from triplepoint.upstreams.dialects.model import Dialect

SCHEMA = {"type": "object", "required": ["city"]}
RAW = b'{"type":"object","required":["city"]}'


def fields(**members: Any) -> dict[str, msgspec.Raw]:
    """Write members as they come over the wire."""
    return {name: msgspec.Raw(json.dumps(value).encode()) for name, value in members.items()}


@pytest.mark.parametrize(
    ("dialect", "members"),
    [
        (
            Dialect.CHAT,
            {
                "messages": [
                    {"role": "user", "content": "first"},
                    {"role": "assistant", "content": "yes"},
                    {"role": "user", "content": "last"},
                ],
                "tools": [{"type": "function", "function": {"name": "look", "parameters": SCHEMA}}],
                "response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}},
            },
        ),
        (
            Dialect.RESPONSES,
            {
                "input": "last",
                "tools": [{"type": "function", "name": "look", "parameters": SCHEMA}],
                "text": {"format": {"type": "json_schema", "schema": SCHEMA}},
            },
        ),
        (
            Dialect.MESSAGES,
            {
                "messages": [{"role": "user", "content": [{"type": "text", "text": "last"}]}],
                "tools": [{"name": "look", "input_schema": SCHEMA}],
                "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
            },
        ),
    ],
)
def test_question_form_and_tools_are_read_in_each_dialect(dialect: Dialect, members: dict[str, Any]) -> None:
    """The words of the last user turn, the schema of the answer and that of each tool."""
    assert read_asked(fields(**members), dialect) == Asked("last", Wanted(json=True, schema=RAW), {"look": RAW})


def test_a_tools_result_is_no_question() -> None:
    """In a tool loop the question is the turn before it."""
    turns = [
        {"role": "user", "content": "the question"},
        {"role": "user", "content": [{"type": "tool_result", "content": "7"}]},
    ]
    assert read_asked(fields(messages=turns), Dialect.MESSAGES).text == "the question"


def test_how_many_answers_are_asked_for() -> None:
    """One, unless it says otherwise."""
    assert answers_asked(fields(n=3)) == 3
    assert answers_asked(fields(n="many")) == answers_asked({}) == 1
    assert read_asked({}, Dialect.CHAT) == Asked()


def test_of_a_long_text_the_two_ends_are_read() -> None:
    """The question stands at one of them."""
    text = ends_of("begin" + "x" * 100_000 + "end?")
    assert len(text) == READ_CHARS + 1
    assert text.startswith("begin")
    assert text.endswith("end?")


anything = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "function", "name", "parameters", "type", "format"]), inner, max_size=4
        )
    ),
)


@given(
    st.dictionaries(st.sampled_from(["messages", "input", "tools", "response_format", "text", "n", "tool_choice"]), anything)
)
def test_odd_requests_ask_for_nothing(members: dict[str, Any]) -> None:
    """Nothing raises."""
    for dialect in Dialect:
        read_asked(fields(**members), dialect)
