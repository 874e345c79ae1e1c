"""Responses callers on chat upstreams: what the golden transcripts leave out."""

from typing import Any

import pytest

from triplepoint.foundation.errors import RequestInvalid

from .helpers import CHAT, MESSAGES, RESPONSES, Json, answered, body, carry, chunk, completion, done, told

TOOLS = [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": False}]

IMPOSSIBLE: list[tuple[Json, str]] = [
    ({"previous_response_id": "resp_1"}, "previous_response_id"),
    ({"conversation": {"id": "conv_1"}}, "conversation"),
    ({"background": True}, "background"),
    ({"prompt": {"id": "pmpt_1"}}, "prompt"),
    ({"input": []}, "input"),
    ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0].type"),
    ({"input": [{"type": "web_search_call", "id": "ws_1"}]}, "input[0].type"),
    (
        {"input": [{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}]},
        "input[0].encrypted_content",
    ),
    ({"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]}, "input[0].content[0].image_url"),
    ({"input": [{"role": "user", "content": [{"type": "input_file", "file_url": "u"}]}]}, "input[0].content[0].file_data"),
    ({"input": [{"role": "system", "content": [{"type": "input_image", "image_url": "u"}]}]}, "input[0].content[0].type"),
    ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
    ({"tools": TOOLS, "tool_choice": {"type": "file_search"}}, "tool_choice.type"),
    ({"tool_choice": "required"}, "tool_choice"),
    ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format.schema"),
    ({"max_output_tokens": "many"}, "max_output_tokens"),
]


def request(**members: Any) -> Json:
    """Build a request."""
    return {"model": "regular", "input": "Hi"} | members


@pytest.mark.parametrize(("members", "place"), IMPOSSIBLE)
def test_what_cannot_hold_is_refused(members: Json, place: str) -> None:
    """What would need a memory, another vendor's files or its tools is refused with its place, on chat and on messages."""
    for upstream in (CHAT, MESSAGES):
        with pytest.raises(RequestInvalid) as caught:
            carry(request(**members), RESPONSES, upstream)
        assert caught.value.param == place


def test_what_asks_for_nothing_is_fine() -> None:
    """Nulls and false of what is refused, and the usual defaults, cost no notice."""
    way = carry(request(previous_response_id=None, background=False, store=False, truncation="disabled"), RESPONSES, CHAT)
    assert way.notices == []
    assert body(way) == {"model": "example-large", "messages": [{"role": "user", "content": "Hi"}]}


def test_settings_without_a_place_are_named() -> None:
    """What only responses know is dropped with a notice."""
    way = carry(
        request(store=True, max_tool_calls=3, truncation="auto", reasoning={"mode": "pro", "summary": "auto"}, include=["a.b"]),
        RESPONSES,
        CHAT,
    )
    assert way.notices == [
        "dropped: reasoning.mode",
        "dropped: include a.b",
        "dropped: truncation",
        "dropped: store",
        "dropped: max_tool_calls",
    ]


def test_the_response_repeats_the_callers_settings() -> None:
    """The response object carries the settings as sent, and says that nothing is stored."""
    given = {
        "temperature": 0.5,
        "metadata": {"a": "b"},
        "tools": TOOLS,
        "instructions": "Be kind.",
        "parallel_tool_calls": False,
    }
    answer = answered(carry(request(**given, store=True), RESPONSES, CHAT), completion({"content": "Hi"}))
    assert {name: answer[name] for name in given} == given
    assert answer["store"] is False
    assert answer["usage"] is None


def test_calls_join_the_assistants_message() -> None:
    """Calls follow the message before them; without one they stand alone, and results end the run."""
    call = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": "a", "output": "1"}
    said = body(carry(request(input=[call, result, {"role": "assistant", "content": "ok"}, call]), RESPONSES, CHAT))["messages"]
    assert [turn["role"] for turn in said] == ["assistant", "tool", "assistant"]
    assert said[0]["content"] is None
    assert [len(turn.get("tool_calls") or []) for turn in said] == [1, 0, 1]


def test_refusals_of_the_past_are_text() -> None:
    """An earlier refusal goes back as what the assistant said."""
    item = {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
    said = body(carry(request(input=[item, {"role": "user", "content": [{"type": "text", "text": "Why?"}]}]), RESPONSES, CHAT))
    assert said["messages"] == [{"role": "assistant", "content": "No."}, {"role": "user", "content": "Why?"}]


def test_logprobs_of_a_whole_answer_are_carried() -> None:
    """Log probabilities reach the text part unchanged."""
    entry = {"token": "Hi", "bytes": [72, 105], "logprob": -0.5, "top_logprobs": []}
    answer = completion({"content": "Hi"})
    answer["choices"][0]["logprobs"] = {"content": [entry], "refusal": None}
    way = carry(request(include=["message.output_text.logprobs"]), RESPONSES, CHAT)
    assert body(way)["logprobs"] is True
    assert answered(way, answer)["output"][0]["content"][0]["logprobs"] == [entry]


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        ("stop", "completed", None),
        ("tool_calls", "completed", None),
        ("length", "incomplete", {"reason": "max_output_tokens"}),
        ("content_filter", "incomplete", {"reason": "content_filter"}),
    ],
)
def test_status(finish: str, status: str, reason: Json | None) -> None:
    """An answer that ran into its limit or a filter is incomplete, and says why, whole and streamed."""
    whole = answered(carry(request(), RESPONSES, CHAT), completion({"content": "Hi"}, finish))
    events = carry(request(stream=True), RESPONSES, CHAT).events()
    told(events, chunk({"role": "assistant", "content": "Hi"}), chunk({}, finish))
    last = done(events)[-1]
    assert last["type"] == f"response.{status}"
    for response in (whole, last["response"]):
        assert (response["status"], response["incomplete_details"]) == (status, reason)
        assert response["output"][-1]["status"] == status


def test_whole_and_streamed_answers_agree() -> None:
    """The response of a stream's last event is that of the whole answer, ids included."""
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    way = carry(request(tools=TOOLS), RESPONSES, CHAT)
    whole = answered(way, completion({"reasoning_content": "Hm.", "content": "Hi", "tool_calls": [call]}, "tool_calls"))
    events = way.events()
    told(events, chunk({"reasoning": "Hm."}), chunk({"content": "Hi"}), chunk({"tool_calls": [call | {"index": 0}]}))
    told(events, chunk({}, "tool_calls"))
    assert done(events)[-1]["response"] == whole
