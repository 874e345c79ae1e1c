"""Anthropic callers on chat upstreams: what the golden transcripts leave out."""

from typing import Any

import pytest

from triplepoint.foundation.errors import RequestInvalid

from .helpers import CHAT, MESSAGES, Json, answered, body, carry, chunk, completion, done, told

HI = [{"role": "user", "content": "Hi"}]


def request(**members: Any) -> Json:
    """Build a request."""
    return {"model": "regular", "max_tokens": 100, "messages": HI} | members


def refused(**members: Any) -> str:
    """Return the place at which a request is refused."""
    with pytest.raises(RequestInvalid) as caught:
        carry(request(**members), MESSAGES, CHAT)
    return caught.value.param or ""


def test_instructions_in_the_middle_keep_their_place() -> None:
    """A system message within the conversation stays where it is."""
    said = [*HI, {"role": "assistant", "content": "Yo"}, {"role": "system", "content": "Be kind."}, *HI]
    roles = [turn["role"] for turn in body(carry(request(messages=said, system="Be short."), MESSAGES, CHAT))["messages"]]
    assert roles == ["system", "user", "assistant", "system", "user"]


def test_tool_results_come_before_the_rest_of_their_turn() -> None:
    """Chat wants results right after the calls, wherever Anthropic's caller put the text."""
    blocks = [
        {"type": "text", "text": "so:"},
        {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "1"}, {"type": "text", "text": "2"}]},
        {"type": "tool_result", "tool_use_id": "b"},
    ]
    said = body(carry(request(messages=[{"role": "user", "content": blocks}]), MESSAGES, CHAT))["messages"]
    assert [turn["role"] for turn in said] == ["tool", "tool", "user"]
    assert said[0]["content"] == [{"type": "text", "text": "1"}, {"type": "text", "text": "2"}]
    assert said[1] == {"role": "tool", "tool_call_id": "b", "content": ""}


def test_a_documents_text_is_text() -> None:
    """A plain text document becomes text under its title."""
    block = {"type": "document", "title": "Rules", "source": {"type": "text", "media_type": "text/plain", "data": "Be kind."}}
    said = body(carry(request(messages=[{"role": "user", "content": [block]}]), MESSAGES, CHAT))["messages"]
    assert said == [{"role": "user", "content": "Rules\n\nBe kind."}]


@pytest.mark.parametrize(
    ("block", "place"),
    [
        ({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}, "messages[0].content[0].type"),
        ({"type": "image", "source": {"type": "file", "file_id": "f"}}, "messages[0].content[0].source.type"),
        ({"type": "document", "source": {"type": "url", "url": "https://x"}}, "messages[0].content[0].source.type"),
        ({"type": "tool_use", "id": "a", "name": "f", "input": {}}, "messages[0].content[0].type"),
    ],
)
def test_blocks_without_a_place_are_refused(block: Json, place: str) -> None:
    """What chat cannot hold is refused with its place."""
    assert refused(messages=[{"role": "user", "content": [block]}]) == place


def test_what_must_be_there_is_asked_for() -> None:
    """A limit, a tool's name in the choice, an object as input and a budget are required as Anthropic requires them."""
    with pytest.raises(RequestInvalid, match="max_tokens is required"):
        carry({"model": "regular", "messages": HI}, MESSAGES, CHAT)
    tools: list[Json] = [{"name": "f", "input_schema": {}}]
    assert refused(tools=tools, tool_choice={"type": "tool"}) == "tool_choice.name"
    assert refused(tools=[{"type": "web_search_20260318", "name": "web_search"}]) == "tools[0].type"
    assert refused(thinking={"type": "enabled"}) == "thinking.budget_tokens"
    call = {"type": "tool_use", "id": "a", "name": "f", "input": "x"}
    assert refused(messages=[*HI, {"role": "assistant", "content": [call]}]) == "messages[1].content[0].input"


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"type": "auto"}, {"tool_choice": "auto"}),
        ({"type": "none"}, {"tool_choice": "none"}),
        ({"type": "any"}, {"tool_choice": "required"}),
        ({"type": "auto", "disable_parallel_tool_use": True}, {"tool_choice": "auto", "parallel_tool_calls": False}),
        (
            {"type": "tool", "name": "f"},
            {"tool_choice": {"type": "function", "function": {"name": "f"}}},
        ),
    ],
)
def test_the_choice_among_tools(choice: Json, expected: Json) -> None:
    """Each way to choose has its counterpart; without tools there is no choice."""
    told_body = body(carry(request(tools=[{"name": "f", "input_schema": {}}], tool_choice=choice), MESSAGES, CHAT))
    assert {name: told_body[name] for name in ("tool_choice", "parallel_tool_calls") if name in told_body} == expected
    assert "tool_choice" not in body(carry(request(tool_choice=choice), MESSAGES, CHAT))


@pytest.mark.parametrize(
    ("members", "effort", "notices"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "low", []),
        ({"thinking": {"type": "enabled", "budget_tokens": 4096}}, "medium", []),
        ({"thinking": {"type": "enabled", "budget_tokens": 16384}}, "high", []),
        ({"thinking": {"type": "adaptive"}}, None, []),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "xhigh"}}, "xhigh", []),
        (
            {"thinking": {"type": "disabled"}},
            None,
            ["dropped: thinking (disabled has no counterpart; the model's default holds)"],
        ),
    ],
)
def test_thinking_becomes_effort(members: Json, effort: str | None, notices: list[str]) -> None:
    """A budget becomes the effort of its size; an effort stays itself."""
    way = carry(request(**members), MESSAGES, CHAT)
    assert body(way).get("reasoning_effort") == effort
    assert way.notices == notices


def test_what_only_anthropic_knows_is_named() -> None:
    """Members and marks without a counterpart are dropped, each with one notice."""
    mark = {"type": "ephemeral"}
    way = carry(
        request(
            system=[{"type": "text", "text": "a", "cache_control": mark}, {"type": "text", "text": "b", "cache_control": mark}],
            tools=[{"name": "f", "input_schema": {}, "defer_loading": True}],
            mcp_servers=[{}],
            service_tier="flex",
            top_k=5,
        ),
        MESSAGES,
        CHAT,
    )
    assert way.notices == [
        "dropped: cache_control",
        "dropped: tools.defer_loading",
        "dropped: service_tier",
        "dropped: mcp_servers",
        "dropped: top_k",
    ]


@pytest.mark.parametrize(
    ("finish", "calls", "reason"),
    [
        ("stop", False, "end_turn"),
        ("length", False, "max_tokens"),
        ("tool_calls", True, "tool_use"),
        ("stop", True, "tool_use"),
        ("length", True, "max_tokens"),
        ("content_filter", False, "refusal"),
        ("something_new", False, "end_turn"),
    ],
)
def test_stop_reasons(finish: str, calls: bool, reason: str) -> None:
    """Each finish reason has its stop reason, whole and streamed; a call is never mistaken for an end."""
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    said: Json = {"content": None, "tool_calls": [call]} if calls else {"content": "Hi"}
    assert answered(carry(request(), MESSAGES, CHAT), completion(said, finish))["stop_reason"] == reason
    events = carry(request(stream=True), MESSAGES, CHAT).events()
    told(events, chunk({"role": "assistant"}), chunk({"tool_calls": [call | {"index": 0}]} if calls else {"content": "Hi"}))
    told(events, chunk({}, finish))
    assert done(events)[-2]["delta"]["stop_reason"] == reason


def test_a_refusal_is_text_and_a_stop_reason() -> None:
    """OpenAI's refusal is told as text, and as the reason."""
    answer = answered(carry(request(), MESSAGES, CHAT), completion({"content": None, "refusal": "No."}))
    assert (answer["content"], answer["stop_reason"]) == ([{"type": "text", "text": "No."}], "refusal")


def test_arguments_that_are_no_object_are_wrapped() -> None:
    """What a model cut by its limit leaves of its arguments is told under INVALID_JSON."""
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": '}}
    answer = answered(carry(request(), MESSAGES, CHAT), completion({"content": None, "tool_calls": [call]}, "length"))
    assert answer["content"][0]["input"] == {"INVALID_JSON": '{"x": '}


def test_usage_in_every_chunk_is_taken_as_it_grows() -> None:
    """A server that counts along tells the input already at the start."""
    events = carry(request(stream=True), MESSAGES, CHAT).events()
    usage = {"prompt_tokens": 7, "completion_tokens": 0, "total_tokens": 7}
    start = told(events, chunk({"role": "assistant", "content": "Hi"}, usage=usage))[0]
    told(events, chunk({}, "stop", usage=usage | {"completion_tokens": 2}))
    assert start["message"]["usage"] == {"input_tokens": 7, "output_tokens": 0}
    assert done(events)[-2]["usage"] == {"input_tokens": 7, "output_tokens": 2}


def test_other_choices_are_passed_over() -> None:
    """Should an upstream send more than one answer, the first is told."""
    events = carry(request(stream=True), MESSAGES, CHAT).events()
    second = chunk({"content": "no"})
    second["choices"][0]["index"] = 1
    out = told(events, chunk({"content": "yes"}), second)
    assert [event["delta"]["text"] for event in out if event["type"] == "content_block_delta"] == ["yes"]
