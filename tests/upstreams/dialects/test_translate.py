"""Which ways there are between dialects, and what holds on all of them."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triplepoint.foundation.errors import NotImplementedHere, RequestInvalid, UpstreamFault
from triplepoint.upstreams.dialects.model import Dialect, Event
from triplepoint.upstreams.dialects.translate import exchange

from .helpers import CHAT, MESSAGES, PATHS, RESPONSES, Json, answered, body, carry, completion, message

WAYS = [(caller, upstream, False) for caller, upstream in PATHS] + [(caller, CHAT, True) for caller in Dialect]
MINIMAL: dict[Dialect, Json] = {
    CHAT: {"model": "regular", "messages": [{"role": "user", "content": "Hi"}]},
    MESSAGES: {"model": "regular", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]},
    RESPONSES: {"model": "regular", "input": "Hi"},
}
OFFER: dict[Dialect, Json] = {
    CHAT: {"tools": [{"type": "function", "function": {"name": "f"}}]},
    MESSAGES: {"tools": [{"name": "f", "input_schema": {"type": "object"}}]},
    RESPONSES: {"tools": [{"type": "function", "name": "f"}]},
}
_WORDS = """
    role user assistant system developer tool content type text image_url url image source base64 data media_type
    tool_use tool_result tool_calls tool_call_id function arguments name id input input_schema parameters thinking
    budget_tokens enabled adaptive json_schema schema format auto none required any input_text output_text function_call
    function_call_output call_id output reasoning summary effort high stream include_usage delta choices index message
    message_start content_block_start content_block content_block_delta text_delta message_delta usage message_stop
    stop_reason end_turn finish_reason
"""
WORDS = st.sampled_from(_WORDS.split())
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
    | st.text(max_size=4)
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5), max_leaves=12
)
_MEMBERS = """
    model messages input system instructions max_tokens max_completion_tokens max_output_tokens tools tool_choice
    parallel_tool_calls stop stop_sequences stream stream_options temperature top_p top_k n user metadata service_tier
    response_format text reasoning reasoning_effort thinking output_config seed include truncation store functions
    prompt extra
"""
MEMBERS = st.sampled_from(_MEMBERS.split())


def messages_near_misses() -> st.SearchStrategy[Any]:
    """Return lists that look like messages or input items, with a wrong value here and there."""
    part = st.fixed_dictionaries(
        {"type": WORDS},
        optional={"text": LEAVES, "image_url": VALUES, "source": VALUES, "id": LEAVES, "input": VALUES, "name": LEAVES},
    )
    item = st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "system", "tool", "developer"])},
        optional={
            "content": st.text(max_size=3) | st.lists(part, max_size=3) | VALUES,
            "tool_calls": st.lists(VALUES, max_size=2),
            "tool_call_id": LEAVES,
            "type": WORDS,
        },
    )
    return st.lists(item, max_size=4)


REQUESTS = st.dictionaries(MEMBERS, VALUES, max_size=8)


@pytest.mark.parametrize(("caller", "upstream", "by_schema"), WAYS)
@given(request=REQUESTS, said=messages_near_misses(), has_said=st.booleans())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_json_is_carried_over_or_refused(
    caller: Dialect, upstream: Dialect, by_schema: bool, request: Json, said: Any, has_said: bool
) -> None:
    """Whatever a caller sends is translated into JSON or refused as the caller's fault, with its place."""
    if has_said:
        request = MINIMAL[caller] | request | {"input" if caller is RESPONSES else "messages": said}
    try:
        way = carry(request, caller, upstream, by_schema=by_schema)
    except RequestInvalid as fault:
        place = fault.param
    else:
        place = body(way)["model"]
    assert place


def as_choice(said: object) -> Json:
    """Build what looks like an answer and a chunk."""
    return {"choices": [{"message": said, "delta": said}]}


@pytest.mark.parametrize(("caller", "upstream", "by_schema"), WAYS)
@given(answer=VALUES | st.builds(as_choice, VALUES))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_answer_is_translated_or_the_upstreams_fault(
    caller: Dialect, upstream: Dialect, by_schema: bool, answer: Any
) -> None:
    """Whatever an upstream answers, whole or as an event, is translated or becomes a protocol error."""
    data = msgspec.json.encode(answer)
    way = carry(MINIMAL[caller] | OFFER[caller], caller, upstream, by_schema=by_schema)
    translator = way.events()
    turns: list[Callable[[], object]] = [
        lambda: way.answer(data),
        lambda: translator.feed(Event(b"", data)),
        lambda: translator.feed(Event(b"", b"[DONE]")),
    ]
    codes: set[str] = set()
    for turn in turns:
        try:
            turn()
        except UpstreamFault as fault:
            codes.add(fault.code)
    assert codes <= {"protocol_error"}


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"null", b'"x"', b'{"choices":3}', b"\xff\xfe"])
@pytest.mark.parametrize(("caller", "upstream", "by_schema"), WAYS)
def test_bytes_that_are_no_answer_are_the_upstreams_fault(
    caller: Dialect, upstream: Dialect, by_schema: bool, data: bytes
) -> None:
    """Broken bytes raise a protocol error that quotes nothing of them."""
    way = carry(MINIMAL[caller] | OFFER[caller], caller, upstream, by_schema=by_schema)
    for turn in (lambda: way.answer(data), lambda: way.events().feed(Event(b"", data))):
        with pytest.raises(UpstreamFault) as caught:
            turn()
        assert caught.value.code == "protocol_error"


@pytest.mark.parametrize(("caller", "upstream", "by_schema"), WAYS)
def test_json_nested_beyond_reason_is_refused(caller: Dialect, upstream: Dialect, by_schema: bool) -> None:
    """A request that would exhaust the stack is the caller's fault, not a crash."""
    deep = msgspec.Raw(b"[" * 100_000 + b"]" * 100_000)
    fields = {"model": msgspec.Raw(b'"regular"'), "input" if caller is RESPONSES else "messages": deep}
    with pytest.raises(RequestInvalid):
        exchange(
            fields,
            caller=caller,
            upstream=upstream,
            asked_model="regular",
            upstream_model="m",
            max_output_tokens=9,
            tools_by_schema=by_schema,
        )


@pytest.mark.parametrize("depth", [200, 600, 5_000])
def test_deep_schemas_are_carried_or_refused(depth: int) -> None:
    """A tool's schema may be deep; where it must be read and is too deep, it is refused with its place."""
    schema = msgspec.Raw(b'{"a":' * depth + b"{}" + b"}" * depth)
    tool = {"type": "function", "name": "f", "parameters": schema}
    for by_schema in (False, True):
        try:
            way = carry(MINIMAL[RESPONSES] | {"tools": [tool]}, RESPONSES, CHAT, by_schema=by_schema)
        except RequestInvalid as fault:
            outcome = fault.param or ""
        else:
            outcome = "tools" if bytes(schema) in msgspec.json.encode(way.body) else "lost"
        assert outcome.startswith("tools")


@pytest.mark.parametrize("caller", list(Dialect))
def test_nothing_leads_to_a_responses_upstream(caller: Dialect) -> None:
    """A model behind a responses upstream is refused to callers of other dialects, and needs no exchange for its own."""
    expected = ValueError if caller is RESPONSES else NotImplementedHere
    with pytest.raises(expected):
        carry(MINIMAL[caller], caller, RESPONSES)


@pytest.mark.parametrize("dialect", [CHAT, MESSAGES])
def test_one_dialect_needs_no_exchange(dialect: Dialect) -> None:
    """Asking for a translation of a dialect into itself is a mistake of the program."""
    with pytest.raises(ValueError, match="forward the bytes"):
        carry(MINIMAL[dialect], dialect, dialect)


@pytest.mark.parametrize(("caller", "upstream"), PATHS)
def test_the_answer_bears_the_name_that_was_asked_for(caller: Dialect, upstream: Dialect) -> None:
    """The upstream gets its own name of the model, the caller the one that it used."""
    way = carry(MINIMAL[caller], caller, upstream)
    answer = completion({"content": "Hi"}) if upstream is CHAT else message([{"type": "text", "text": "Hi"}])
    assert body(way)["model"] == "example-large"
    assert answered(way, answer)["model"] == "regular"


@pytest.mark.parametrize("caller", [MESSAGES, RESPONSES])
def test_unknown_members_reach_an_openai_like_upstream_in_order(caller: Dialect) -> None:
    """Members that nobody knows are carried over untouched, explicit nulls and zeros included, in their order."""
    way = carry(MINIMAL[caller] | {"zeta": None, "min_p": 0, "alpha": {"b": [1, 2.50]}}, caller, CHAT)
    assert list(body(way))[-3:] == ["zeta", "min_p", "alpha"]
    assert body(way)["zeta"] is None
    assert way.notices == []


@pytest.mark.parametrize("caller", [CHAT, RESPONSES])
def test_unknown_members_towards_anthropic_are_named(caller: Dialect) -> None:
    """What Anthropic would refuse is dropped, and said; what asks for nothing is not worth a notice."""
    way = carry(MINIMAL[caller] | {"min_p": 0.1, "seed": None, "logprobs": False}, caller, MESSAGES)
    assert way.notices == ["dropped: min_p"]
    assert "min_p" not in body(way)


@pytest.mark.parametrize("caller", [MESSAGES, RESPONSES])
def test_streams_of_openai_like_upstreams_are_asked_for_usage(caller: Dialect) -> None:
    """A translated stream always asks for usage, whatever the caller said about it."""
    way = carry(MINIMAL[caller] | {"stream": True}, caller, CHAT)
    assert body(way)["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(("caller", "limit"), [(MESSAGES, "max_tokens"), (RESPONSES, "max_output_tokens")])
def test_the_limit_has_the_name_that_the_model_knows(caller: Dialect, limit: str) -> None:
    """OpenAI's own models get max_completion_tokens, all others max_tokens."""
    for model, name in (
        ("gpt-5.2", "max_completion_tokens"),
        ("o4-mini", "max_completion_tokens"),
        ("openai/gpt-oss-120b", "max_tokens"),
        ("qwen3", "max_tokens"),
    ):
        told = body(carry(MINIMAL[caller] | {limit: 7}, caller, CHAT, model=model))
        assert told[name] == 7
        assert len({"max_tokens", "max_completion_tokens"} & told.keys()) == 1


def test_a_refusal_on_the_second_leg_speaks_the_callers_language() -> None:
    """What only the far leg refuses is named as the caller named it, never by the hub's name."""
    tools: list[Json] = [{"type": "function", "name": "f", "parameters": {}}]
    form = {"format": {"type": "json_object"}}
    with pytest.raises(RequestInvalid) as caught:
        carry(MINIMAL[RESPONSES] | {"tools": tools, "text": form}, RESPONSES, CHAT, by_schema=True)
    assert caught.value.param == "text.format"
    assert caught.value.message.startswith("text.format and tools exclude each other")
    picture = [{"role": "user", "content": [{"type": "input_image", "image_url": "ftp://x"}]}]
    with pytest.raises(RequestInvalid) as caught:
        carry({"model": "regular", "input": picture}, RESPONSES, MESSAGES)
    assert caught.value.param == "input"


def test_faults_name_the_place_and_hide_the_prompt() -> None:
    """A wrong type is told with its path; a value that is no plain name is not repeated."""
    with pytest.raises(RequestInvalid) as caught:
        carry({"messages": [{"role": "user", "content": [{"type": "text", "text": 3}]}]}, CHAT, MESSAGES)
    assert caught.value.param == "messages[0].content[0].text"
    with pytest.raises(RequestInvalid) as caught:
        carry({"messages": [{"role": "user", "content": [{"type": "my secret is 42"}]}]}, CHAT, MESSAGES)
    assert caught.value.param == "messages[0].content[0].type"
    assert "42" not in caught.value.message
    with pytest.raises(RequestInvalid) as caught:
        carry({"messages": [{"role": "user", "content": [{"type": "hologram"}]}]}, CHAT, MESSAGES)
    assert "'hologram'" in caught.value.message


def test_base64_is_moved_as_text() -> None:
    """A picture's data survives to the letter, even where it is no valid base64, because nobody decodes it."""
    data = "A" * 200_000 + "!not-base64!"
    part = {"type": "image_url", "image_url": {"url": f"data:image/webp;charset=x;base64,{data}"}}
    told = body(carry({"messages": [{"role": "user", "content": [part]}]}, CHAT, MESSAGES))
    assert told["messages"][0]["content"][0]["source"] == {"type": "base64", "media_type": "image/webp", "data": data}


def test_an_upstream_without_ids_gets_one() -> None:
    """A server that sends no id gets a random one under the right prefix, and another each time."""
    way = carry(MINIMAL[MESSAGES], MESSAGES, CHAT)
    ids = {answered(way, completion({"content": "Hi"}, id=""))["id"] for _ in range(3)}
    assert len(ids) == 3
    assert all(given.startswith("msg_") and len(given) > 10 for given in ids)
