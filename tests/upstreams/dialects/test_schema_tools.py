"""Tools as a schema: what the golden transcripts leave out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.upstreams.dialects.schema_tools.answer import meaning_of
from triplepoint.upstreams.dialects.schema_tools.offer import Offer
from triplepoint.upstreams.dialects.shapes.chat import FunctionTool, Tool

from .helpers import CHAT, MESSAGES, RESPONSES, Json, answered, body, carry, chunk, completion, done, told

PARAMETERS = {"type": "object", "properties": {"x": {"type": "integer"}}}
TOOLS = [
    {"type": "function", "function": {"name": "f", "parameters": PARAMETERS}},
    {"type": "function", "function": {"name": "g"}},
]
OFFER = Offer([Tool(type="function", function=FunctionTool(name="f"))], may_reply=True)


def request(**members: Any) -> Json:
    """Build a request with tools."""
    return {"model": "nano", "messages": [{"role": "user", "content": "Hi"}], "tools": TOOLS} | members


def ways(sent: Json) -> list[str]:
    """Return what the schema admits: names of tools, or ``reply``."""
    admitted = sent["response_format"]["json_schema"]["schema"]["anyOf"]
    return [way["properties"]["name"]["const"] if "name" in way["properties"] else "reply" for way in admitted]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, ["f", "g", "reply"]),
        ("auto", ["f", "g", "reply"]),
        ("required", ["f", "g"]),
        ({"type": "function", "function": {"name": "g"}}, ["g"]),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]},
            },
            ["f", "reply"],
        ),
    ],
)
def test_the_schema_admits_what_the_choice_admits(choice: Any, expected: list[str]) -> None:
    """Tools that may not be called are not in the schema, and a forced call leaves no reply."""
    sent = body(carry(request(tool_choice=choice), CHAT, CHAT, by_schema=True))
    assert ways(sent) == expected
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & sent.keys()


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"tool_choice": {"type": "function", "function": {"name": "h"}}}, "tool_choice"),
        ({"tools": [], "tool_choice": "required"}, "tool_choice"),
        ({"tools": [{"type": "function", "function": {"name": "f", "parameters": 3}}]}, "tools[0].function.parameters"),
    ],
)
def test_what_cannot_be_had_together_is_refused(members: Json, place: str) -> None:
    """A form of answer beside tools, and calls of tools that are not there, are refused."""
    with pytest.raises(RequestInvalid) as caught:
        carry(request(**members), CHAT, CHAT, by_schema=True)
    assert caught.value.param == place


def test_a_named_form_is_refused_in_the_callers_words() -> None:
    """Anthropic's caller reads of output_config, not of a member it never sent."""
    form: Json = {"format": {"type": "json_schema", "schema": {}}}
    tools = [{"name": "f", "input_schema": PARAMETERS}]
    given_request = {"model": "nano", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    with pytest.raises(RequestInvalid) as caught:
        carry(given_request | {"tools": tools, "output_config": form}, MESSAGES, CHAT, by_schema=True)
    assert caught.value.param == "output_config.format"


def test_a_plain_text_form_is_no_hindrance() -> None:
    """response_format text asks for nothing, and gives way to the schema."""
    sent = body(carry(request(response_format={"type": "text"}), CHAT, CHAT, by_schema=True))
    assert sent["response_format"]["type"] == "json_schema"


@given(text=st.text(max_size=40), cut=st.integers(0, 300))
def test_a_reply_is_read_back_however_it_was_cut(text: str, cut: int) -> None:
    """A whole reply is its text; a cut one is the beginning of it, and never shows JSON once its text has begun."""
    for escaped in (False, True):
        whole = (
            '{"reply": "'
            + "".join(f"\\u{ord(c):04x}" if escaped and ord(c) < 0xD800 else _json_letters(c) for c in text)
            + '"}'
        )
        assert meaning_of(whole, OFFER, "call_1").content == text
        part = whole[: min(cut, len(whole))]
        told_text = meaning_of(part, OFFER, "call_1").content or ""
        if part.startswith('{"reply": "'):
            assert text.startswith(told_text)
        else:
            assert told_text == part


def _json_letters(letter: str) -> str:
    escapes = {'"': '\\"', "\\": "\\\\"}
    return escapes.get(letter, letter if ord(letter) >= 32 else f"\\u{ord(letter):04x}")


@pytest.mark.parametrize(
    "text",
    ["Sure!", '{"name": "h", "arguments": {}}', '{"name": "f", "argum', '{"name": "f"}', "[1]", "", '{"reply": 3}'],
)
def test_what_is_neither_call_nor_reply_is_text(text: str) -> None:
    """An upstream that ignored the schema, and a call that was cut, are handed on as they are."""
    meaning = meaning_of(text, OFFER, "call_1")
    assert (meaning.content, meaning.call) == (text, None)


def test_each_choice_is_read_for_itself() -> None:
    """With several answers, calls have ids of their own."""
    answer = completion({"content": '{"name": "f", "arguments": {"x": 1}}'})
    answer["choices"].append({"index": 1, "message": {"content": '{"name":"g","arguments":{}}'}, "finish_reason": "stop"})
    answer["choices"].append({"index": 2, "message": {"content": '{"reply":"no"}'}, "finish_reason": "stop"})
    choices = answered(carry(request(n=3), CHAT, CHAT, by_schema=True), answer)["choices"]
    assert [call["id"] for choice in choices for call in choice["message"].get("tool_calls", [])] == ["call_1", "call_1_1"]
    assert [choice["finish_reason"] for choice in choices] == ["tool_calls", "tool_calls", "stop"]
    assert choices[0]["message"]["tool_calls"][0]["function"]["arguments"] == '{"x": 1}'
    assert choices[2]["message"]["content"] == "no"


def test_an_answer_in_one_chunk_is_told_in_order() -> None:
    """Role, text, reason and usage in a single chunk come out as role, call, reason, usage."""
    way = carry(request(stream=True, stream_options={"include_usage": True}), CHAT, CHAT, by_schema=True)
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    text = '{"name": "f", "arguments": {}}'
    out = told(way.events(), chunk({"role": "assistant", "content": text}, "stop", usage=usage))
    assert [list(part["choices"][0]["delta"]) for part in out[:3]] == [["role", "content"], ["tool_calls"], []]
    assert [part["choices"][0]["finish_reason"] for part in out[:3]] == [None, None, "tool_calls"]
    assert [part["usage"] for part in out] == [None, None, None, usage]


def test_without_tools_the_answer_stays_as_it_is() -> None:
    """Members that we do not know survive where there is nothing to translate."""
    way = carry(request(tools=None), CHAT, CHAT, by_schema=True)
    answer = answered(way, completion({"content": "Hi"}, timings={"predicted_ms": 3.5}))
    assert answer["timings"] == {"predicted_ms": 3.5}
    assert answer["model"] == "regular"
    events = way.events()
    assert told(events, chunk({"content": "Hi"}, timings=1))[0]["timings"] == 1
    assert told(events, {"id": "c", "choices": [], "usage": {"prompt_tokens": 1}}) == []
    assert done(events) == []


def test_all_callers_get_tools_by_schema() -> None:
    """The same call reaches a caller of responses as an item and one of messages as a block."""
    text = '{"name": "f", "arguments": {"x": 1}}'
    responses = carry(
        {"model": "nano", "input": "Hi", "tools": [{"type": "function", "name": "f", "parameters": PARAMETERS}]},
        RESPONSES,
        CHAT,
        by_schema=True,
    )
    item = answered(responses, completion({"content": text}))["output"][0]
    assert (item["type"], item["name"], item["call_id"]) == ("function_call", "f", "call_1")
    messages = carry(
        {
            "model": "nano",
            "max_tokens": 9,
            "messages": [{"role": "user", "content": "Hi"}],
            "tools": [{"name": "f", "input_schema": PARAMETERS}],
        },
        MESSAGES,
        CHAT,
        by_schema=True,
    )
    answer = answered(messages, completion({"content": text}))
    assert answer["content"] == [{"type": "tool_use", "id": "call_1", "name": "f", "input": {"x": 1}}]
    assert answer["stop_reason"] == "tool_use"
