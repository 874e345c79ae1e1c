"""Chat callers on Anthropic upstreams: what the golden transcripts leave out."""

from typing import Any

import pytest

from triplepoint.foundation.errors import RequestInvalid, UpstreamFault

from .helpers import CHAT, MESSAGES, Json, answered, body, carry, message, told

HI = [{"role": "user", "content": "Hi"}]
TOOLS = [{"type": "function", "function": {"name": "f"}}]
OLD, NEW = "claude-haiku-4-5-20251001", "claude-sonnet-5-5"

IMPOSSIBLE: list[tuple[Json, str]] = [
    ({"n": 2}, "n"),
    ({"functions": [{"name": "f"}]}, "functions"),
    ({"tool_choice": "required"}, "tool_choice"),
    ({"tools": [{"type": "custom", "custom": {}}]}, "tools[0].type"),
    ({"response_format": {"type": "json_schema"}}, "response_format.json_schema.schema"),
    ({"reasoning_effort": "immense"}, "reasoning_effort"),
    ({"temperature": "hot"}, "temperature"),
    ({"stream": "yes"}, "stream"),
    ({"messages": [{"role": "function", "name": "f", "content": ""}]}, "messages[0].role"),
    ({"messages": [{"role": "assistant", "audio": {"id": "x"}}]}, "messages[0].audio"),
]


def request(**members: Any) -> Json:
    """Build a request."""
    return {"model": "regular", "messages": HI} | members


def carried(**members: Any) -> Json:
    """Return the upstream's request."""
    return body(carry(request(**members), CHAT, MESSAGES))


def refused(**members: Any) -> str:
    """Return the place at which a request is refused."""
    with pytest.raises(RequestInvalid) as caught:
        carry(request(**members), CHAT, MESSAGES)
    return caught.value.param or ""


@pytest.mark.parametrize(
    ("members", "limit"),
    [
        ({}, 4096),
        ({"max_tokens": 5}, 5),
        ({"max_tokens": 5, "max_completion_tokens": 6}, 6),
        ({"max_tokens": None}, 4096),
        ({"max_tokens": 0}, 0),
    ],
)
def test_the_limit_is_the_callers_or_the_models(members: Json, limit: int) -> None:
    """Anthropic demands a limit: the caller's by either name, zero included, else the model's."""
    assert carried(**members)["max_tokens"] == limit


def test_late_instructions_go_to_the_front_with_a_notice() -> None:
    """Order among instructions is kept; one that comes late is moved, and that is said."""
    said = [{"role": "system", "content": "A"}, *HI, {"role": "developer", "content": [{"type": "text", "text": "B"}]}, *HI]
    way = carry(request(messages=said), CHAT, MESSAGES)
    assert [block["text"] for block in body(way)["system"]] == ["A", "B"]
    assert way.notices == ["changed: messages[2].role (a late instruction went to the front)"]


def test_cache_marks_are_kept() -> None:
    """Anthropic's mark on parts and tools reaches Anthropic."""
    mark = {"type": "ephemeral"}
    tools = [TOOLS[0] | {"cache_control": mark}]
    sent = carried(messages=[{"role": "user", "content": [{"type": "text", "text": "a", "cache_control": mark}]}], tools=tools)
    assert sent["messages"][0]["content"][0]["cache_control"] == mark
    assert sent["tools"][0]["cache_control"] == mark
    assert sent["tools"][0]["input_schema"] == {"type": "object", "properties": {}}


def test_blank_texts_are_left_out() -> None:
    """Anthropic refuses blank text; an empty assistant message is no turn, an empty user message the caller's fault."""
    parts = [{"type": "text", "text": " "}, {"type": "text", "text": "a"}]
    said = [{"role": "user", "content": parts}, {"role": "assistant", "content": ""}, *HI]
    assert carried(messages=said)["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "a"}]},
        {"role": "user", "content": "Hi"},
    ]
    assert refused(messages=[{"role": "user", "content": ""}]) == "messages[0].content"
    assert refused(messages=[{"role": "system", "content": "alone"}]) == "messages"


@pytest.mark.parametrize(("members", "place"), IMPOSSIBLE)
def test_what_cannot_be_is_refused(members: Json, place: str) -> None:
    """Wishes that Anthropic cannot meet and wrong types are refused with their place."""
    assert refused(**members) == place


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}, "image_url.url"),
        ({"type": "image_url", "image_url": {"url": "data:image/png,raw"}}, "image_url.url"),
        ({"type": "file", "file": {"file_id": "file-1"}}, "file.file_data"),
        ({"type": "file", "file": {"file_data": "data:text/csv;base64,YQ=="}}, "file.file_data"),
        ({"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}, "type"),
    ],
)
def test_parts_without_a_place_are_refused(part: Json, place: str) -> None:
    """What Anthropic cannot see or hear is refused with its place."""
    assert refused(messages=[{"role": "user", "content": [part]}]) == f"messages[0].content[0].{place}"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"tool_choice": "auto"}, {"type": "auto"}),
        ({"tool_choice": "none", "parallel_tool_calls": False}, {"type": "none"}),
        ({"tool_choice": "required"}, {"type": "any"}),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, {"type": "tool", "name": "f"}),
        ({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        ({"parallel_tool_calls": True}, None),
    ],
)
def test_the_choice_among_tools(members: Json, expected: Json | None) -> None:
    """Each way to choose has its counterpart, parallel calls included."""
    assert carried(tools=TOOLS, **members).get("tool_choice") == expected


def test_bad_arguments_in_the_history_are_wrapped() -> None:
    """A call whose arguments are no object goes back under INVALID_JSON, as the vendor advises."""
    calls = [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "oops"}}]
    said = [
        *HI,
        {"role": "assistant", "content": "", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "a", "content": "bad"},
    ]
    sent = carried(messages=said, tools=TOOLS)["messages"]
    assert sent[1]["content"] == [{"type": "tool_use", "id": "a", "name": "f", "input": {"INVALID_JSON": "oops"}}]


@pytest.mark.parametrize(
    ("model", "effort", "members", "thinking", "config", "notice"),
    [
        (NEW, "minimal", {}, {"type": "adaptive"}, {"effort": "low"}, None),
        (NEW, "max", {}, {"type": "adaptive"}, {"effort": "max"}, None),
        (NEW, "none", {}, {"type": "disabled"}, None, None),
        (NEW, "high", {"tools": TOOLS, "tool_choice": "required"}, None, {"effort": "high"}, "a tool call is forced"),
        (OLD, "high", {}, {"type": "enabled", "budget_tokens": 2048}, None, None),
        (OLD, "high", {"max_tokens": 64000}, {"type": "enabled", "budget_tokens": 16384}, None, None),
        (OLD, "low", {"max_tokens": 1500}, None, None, "the limit on the answer leaves no room to think"),
        (OLD, "low", {"tools": TOOLS, "tool_choice": "required"}, None, None, "a tool call is forced"),
        (OLD, "none", {}, {"type": "disabled"}, None, None),
    ],
)
def test_effort_becomes_thinking(
    model: str, effort: str, members: Json, thinking: Json | None, config: Json | None, notice: str | None
) -> None:
    """New models think by effort, older ones by budget, and the wish yields to what excludes it."""
    way = carry(request(reasoning_effort=effort, **members), CHAT, MESSAGES, model=model)
    assert body(way).get("thinking") == thinking
    assert body(way).get("output_config") == config
    assert way.notices == ([f"dropped: reasoning_effort ({notice})"] if notice else [])


def test_a_budget_is_not_set_after_tool_calls() -> None:
    """With a budget, Anthropic wants the thinking before a call back, which chat has lost."""
    calls = [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    said = [*HI, {"role": "assistant", "tool_calls": calls}, {"role": "tool", "tool_call_id": "a", "content": "1"}]
    way = carry(request(messages=said, tools=TOOLS, reasoning_effort="high"), CHAT, MESSAGES, model=OLD)
    assert "thinking" not in body(way)
    assert way.notices == ["dropped: reasoning_effort (the turn goes on after tool calls)"]


@pytest.mark.parametrize(
    ("model", "is_old"),
    [
        ("claude-3-7-sonnet-latest", True),
        ("claude-sonnet-4-20250514", True),
        ("claude-opus-4-1", True),
        ("claude-opus-4-5@20251101", True),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", True),
        ("claude-opus-4-6", False),
        ("claude-opus-4-8-20260528", False),
        ("claude-sonnet-5", False),
    ],
)
def test_models_are_known_by_name(model: str, is_old: bool) -> None:
    """Models up to 4.5 get a budget, later ones do not."""
    thinking = body(carry(request(reasoning_effort="low"), CHAT, MESSAGES, model=model))["thinking"]
    assert thinking["type"] == ("enabled" if is_old else "adaptive")


def test_the_vendors_own_members_are_carried() -> None:
    """A chat caller who sends Anthropic's own members means them."""
    own = {"type": "enabled", "budget_tokens": 2000, "display": "omitted"}
    way = carry(request(thinking=own, top_k=5, reasoning_effort="low", speed="fast"), CHAT, MESSAGES)
    assert body(way)["thinking"] == own
    assert body(way)["speed"] == "fast"
    assert way.notices == ["dropped: top_k (the model thinks)"]
    assert carried(top_k=5)["top_k"] == 5


def test_small_print() -> None:
    """Blank stop sequences, json_object and foreign tiers are dropped with their reasons; the user may be named twice."""
    way = carry(
        request(
            stop=["\n", "END"], response_format={"type": "json_object"}, service_tier="flex", user="u", safety_identifier="s"
        ),
        CHAT,
        MESSAGES,
    )
    assert body(way)["stop_sequences"] == ["END"]
    assert body(way)["metadata"] == {"user_id": "s"}
    assert way.notices == [
        "dropped: stop (the upstream takes no sequence of white space alone)",
        "dropped: service_tier",
        "dropped: response_format (the upstream knows no json_object; give a json_schema)",
    ]


@pytest.mark.parametrize(
    ("stop", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("something_new", "stop"),
    ],
)
def test_finish_reasons(stop: str, finish: str) -> None:
    """Each stop reason has its finish reason, whole and streamed."""
    answer = answered(carry(request(), CHAT, MESSAGES), message([{"type": "text", "text": "Hi"}], stop))
    assert answer["choices"][0]["finish_reason"] == finish
    events = carry(request(stream=True), CHAT, MESSAGES).events()
    out = told(
        events,
        {"type": "message_start", "message": message([])},
        {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    )
    assert [part["choices"][0]["finish_reason"] for part in out] == [None, finish]


def test_usage_adds_up() -> None:
    """The whole prompt counts what was read from and written to the cache; what was not reported is not zero but absent."""
    usage = {"input_tokens": 3, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 100, "output_tokens": 5}
    told_usage = answered(carry(request(), CHAT, MESSAGES), message([], usage=usage))["usage"]
    assert (told_usage["prompt_tokens"], told_usage["total_tokens"]) == (123, 128)
    assert told_usage["prompt_tokens_details"] == {"cached_tokens": 20, "cache_write_tokens": 100}
    assert "usage" not in answered(carry(request(), CHAT, MESSAGES), message([], usage={}))
    plain = answered(carry(request(), CHAT, MESSAGES), message([]))["usage"]
    assert plain == {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}


@pytest.mark.parametrize(
    "event",
    [
        {"type": "message_start"},
        {"type": "content_block_start", "index": 0},
        {"type": "content_block_delta", "index": 0},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "early"}},
        {"type": "message_stop"},
    ],
)
def test_a_stream_out_of_order_is_the_upstreams_fault(event: Json) -> None:
    """Events that come before their beginning, or empty, break the dialect."""
    with pytest.raises(UpstreamFault) as caught:
        told(carry(request(stream=True), CHAT, MESSAGES).events(), event)
    assert caught.value.code == "protocol_error"


def test_events_of_tomorrow_and_of_the_vendors_own_tools_are_passed_over() -> None:
    """Unknown events, blocks and deltas make nothing, and the indexes of calls stay dense."""
    events = carry(request(stream=True), CHAT, MESSAGES).events()
    search: Json = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    call: Json = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    out = told(
        events,
        {"type": "message_start", "message": message([])},
        {"type": "aurora", "index": 0},
        {"type": "content_block_start", "index": 0, "content_block": search},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
        {"type": "content_block_start", "index": 1, "content_block": call},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "glow_delta", "glow": 1}},
    )
    assert len(out) == 2
    assert out[1]["choices"][0]["delta"]["tool_calls"][0]["index"] == 0
