"""Usage as each vendor writes it, whole and streamed, comes out in one form."""

import json
from typing import Any

import msgspec
import pytest

from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.upstreams.dialects.read_chat import ChatReader
from triplepoint.upstreams.dialects.read_messages import MessagesReader
from triplepoint.upstreams.dialects.read_responses import ResponsesReader

OPENAI_AUDIO = {
    "prompt_tokens": 119,
    "completion_tokens": 200,
    "total_tokens": 319,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 100},
    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 150, "accepted_prediction_tokens": 0},
}
OPENAI_CACHE_WRITE = {
    "prompt_tokens": 4000,
    "completion_tokens": 10,
    "total_tokens": 4010,
    "prompt_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 2048, "audio_tokens": 0},
}
DEEPSEEK = {
    "prompt_tokens": 1000,
    "completion_tokens": 50,
    "total_tokens": 1050,
    "prompt_cache_hit_tokens": 640,
    "prompt_cache_miss_tokens": 360,
}
MOONSHOT = {"prompt_tokens": 900, "completion_tokens": 5, "total_tokens": 905, "cached_tokens": 512}
XAI = {
    "prompt_tokens": 32,
    "completion_tokens": 9,
    "total_tokens": 135,
    "prompt_tokens_details": {"text_tokens": 32, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 6},
    "completion_tokens_details": {"reasoning_tokens": 94, "audio_tokens": 0},
    "num_sources_used": 0,
}
GEMINI = {"prompt_tokens": 7, "completion_tokens": 12, "total_tokens": 340}
PERPLEXITY = {
    "prompt_tokens": 14,
    "completion_tokens": 100,
    "total_tokens": 114,
    "num_search_queries": 3,
    "search_context_size": "low",
}

CHAT_CASES = [
    pytest.param(
        OPENAI_AUDIO,
        Usage(input_tokens=119, output_tokens=200, input_audio_tokens=100, output_audio_tokens=150),
        id="openai, sound",
    ),
    pytest.param(
        OPENAI_CACHE_WRITE,
        Usage(input_tokens=4000, output_tokens=10, cache_read_tokens=1024, cache_write_tokens=2048),
        id="openai, cache writes",
    ),
    pytest.param(DEEPSEEK, Usage(input_tokens=1000, output_tokens=50, cache_read_tokens=640), id="deepseek"),
    pytest.param(MOONSHOT, Usage(input_tokens=900, output_tokens=5, cache_read_tokens=512), id="moonshot"),
    pytest.param(XAI, Usage(input_tokens=32, output_tokens=103, cache_read_tokens=6, reasoning_tokens=94), id="xai"),
    pytest.param(GEMINI, Usage(input_tokens=7, output_tokens=333, reasoning_tokens=321), id="gemini"),
    pytest.param(PERPLEXITY, Usage(input_tokens=14, output_tokens=100, web_searches=3), id="perplexity"),
]


def reported(usage: Usage) -> Usage:
    """Return the same counts, as an upstream's own."""
    return msgspec.structs.replace(usage, source=UsageSource.REPORTED)


def event(value: dict[str, Any], name: str = "") -> bytes:
    """Write one event of a stream."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(value, separators=(',', ':'))}\n\n".encode()


def chat_whole(usage: object, **more: object) -> Usage | None:
    """Read a whole chat completion with a usage."""
    reader = ChatReader("asked", wants_usage=True)
    message = {"role": "assistant", "content": "Good day."}
    body = {"id": "c1", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}
    reader.whole(json.dumps(body | more).encode())
    return reader.usage


def chat_streamed(usage: object, **more: object) -> Usage | None:
    """Read a streamed chat completion that ends in a usage."""
    reader = ChatReader("asked", wants_usage=True)
    head: dict[str, Any] = {"id": "c1", "created": 1, "model": "m"} | more
    reader.block(event(head | {"choices": [{"index": 0, "delta": {"content": "Good day."}, "finish_reason": "stop"}]}))
    reader.block(event(head | {"choices": [], "usage": usage}))
    return reader.usage


@pytest.mark.parametrize(("usage", "expected"), CHAT_CASES)
def test_chat_usage_of_each_vendor_comes_out_alike(usage: object, expected: Usage):
    """Whichever names and sums a vendor uses, input and output are wholes and parts are within them, streamed or not."""
    assert chat_whole(usage) == reported(expected)
    assert chat_streamed(usage) == reported(expected)


@pytest.mark.parametrize(
    ("word", "tier"),
    [
        (None, None),
        ("default", None),
        ("auto", None),
        ("on_demand", None),
        ("flex", "flex"),
        ("priority", "priority"),
        ("batch", "batch"),
        ("Scale", "scale"),
        ("", "unrecognised"),
        (7, "unrecognised"),
        ("a tier with spaces", "unrecognised"),
    ],
)
def test_a_service_tier_is_taken_as_reported(word: object, tier: str | None):
    """Standard processing has no tier, under each vendor's word for it; what is no word is not taken for standard."""
    plain = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    for usage in (chat_whole(plain, service_tier=word), chat_streamed(plain, service_tier=word)):
        assert usage is not None
        assert usage.service_tier == tier
    reader = ResponsesReader("asked")
    body: dict[str, Any] = {"model": "m", "status": "completed", "output": [], "usage": {"input_tokens": 5, "output_tokens": 2}}
    reader.whole(json.dumps(body | {"service_tier": word}).encode())
    assert reader.usage is not None
    assert reader.usage.service_tier == tier


def test_the_last_word_on_the_service_tier_counts():
    """A stream may begin with the tier that was asked for and end with the one that was used."""
    reader = ChatReader("asked", wants_usage=True)
    reader.block(event({"id": "1", "model": "m", "service_tier": "flex", "choices": [{"index": 0, "delta": {"content": "a"}}]}))
    last: dict[str, Any] = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}
    reader.block(event({"id": "1", "model": "m", "service_tier": "default"} | last))
    assert reader.usage is not None
    assert reader.usage.service_tier is None


def test_counts_that_contradict_each_other_are_kept():
    """Cached input beyond the whole input is reported as it came, so that the cost is unknown and not a guess."""
    usage = {"prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 100}}
    for read in (chat_whole(usage), chat_streamed(usage)):
        assert read is not None
        assert (read.input_tokens, read.cache_read_tokens) == (10, 100)


MESSAGES_USAGE = {
    "input_tokens": 105,
    "cache_creation_input_tokens": 300,
    "cache_read_input_tokens": 7123,
    "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
    "output_tokens": 6039,
    "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0},
    "service_tier": "priority",
}
MESSAGES_EXPECTED = Usage(
    input_tokens=7528,
    output_tokens=6039,
    cache_read_tokens=7123,
    cache_write_tokens=300,
    cache_write_1h_tokens=200,
    web_searches=2,
    service_tier="priority",
    source=UsageSource.REPORTED,
)


def messages_whole(usage: object) -> Usage | None:
    """Read a whole message with a usage."""
    reader = MessagesReader("asked")
    content = [{"type": "text", "text": "Good day."}]
    reader.whole(json.dumps({"model": "m", "content": content, "stop_reason": "end_turn", "usage": usage}).encode())
    return reader.usage


def test_a_message_tells_caches_searches_and_tier():
    """Anthropic's parts of the input add up; both lifetimes of the cache, searches and service tier are read."""
    assert messages_whole(MESSAGES_USAGE) == MESSAGES_EXPECTED


def test_a_streamed_message_tells_the_same():
    """The first event has the input and the tier, the last one the output and the searches."""
    first = {name: value for name, value in MESSAGES_USAGE.items() if name != "server_tool_use"} | {"output_tokens": 1}
    last = {"output_tokens": 6039, "server_tool_use": {"web_search_requests": 2}}
    reader = MessagesReader("asked")
    reader.block(event({"type": "message_start", "message": {"model": "m", "usage": first}}, "message_start"))
    reader.block(event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": last}, "message_delta"))
    reader.block(event({"type": "message_stop"}, "message_stop"))
    assert reader.usage == MESSAGES_EXPECTED


def test_a_cache_write_that_only_its_parts_tell_counts():
    """Where the sum of cache writes is left out, its parts by lifetime still count as input and as writes."""
    usage = messages_whole({"input_tokens": 1, "output_tokens": 1, "cache_creation": {"ephemeral_1h_input_tokens": 40}})
    assert usage is not None
    assert (usage.input_tokens, usage.cache_write_tokens, usage.cache_write_1h_tokens) == (41, 40, 40)


@pytest.mark.parametrize(
    ("told", "tier"),
    [
        ({"service_tier": "standard"}, None),
        ({"service_tier": "batch"}, "batch"),
        ({"service_tier": "standard", "speed": "fast"}, "fast"),
        ({"speed": "standard"}, None),
    ],
)
def test_speed_counts_as_a_service_tier(told: dict[str, str], tier: str | None):
    """Anthropic's fast mode has prices of its own, as tiers have, and is reported in another member."""
    usage = messages_whole({"input_tokens": 1, "output_tokens": 1} | told)
    assert usage is not None
    assert usage.service_tier == tier


ITEMS = [
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "tides"}},
    {
        "type": "web_search_call",
        "id": "ws_2",
        "status": "completed",
        "action": {"type": "open_page", "url": "https://a.example"},
    },
    {"type": "web_search_call", "id": "ws_3", "status": "completed"},
    {"type": "web_search_call", "id": "ws_4", "status": "failed", "action": {"type": "search", "query": "moon"}},
    {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "aGk="},
    {"type": "image_generation_call", "id": "ig_2", "status": "failed"},
    {"type": "message", "content": [{"type": "output_text", "text": 'no "web_search_call" here'}]},
]
RESPONSE = {
    "model": "m",
    "status": "completed",
    "service_tier": "flex",
    "output": ITEMS,
    "usage": {
        "input_tokens": 328,
        "input_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 20},
        "output_tokens": 52,
        "output_tokens_details": {"reasoning_tokens": 11},
        "total_tokens": 380,
    },
}
RESPONSE_EXPECTED = Usage(
    input_tokens=328,
    output_tokens=52,
    cache_read_tokens=100,
    cache_write_tokens=20,
    reasoning_tokens=11,
    images=1,
    web_searches=2,
    service_tier="flex",
    source=UsageSource.REPORTED,
)


def test_a_response_tells_searches_pictures_and_tier():
    """Searches and pictures are counted: not pages opened from one, not calls that failed, not text that speaks of them."""
    reader = ResponsesReader("asked")
    reader.whole(json.dumps(RESPONSE).encode())
    assert reader.usage == RESPONSE_EXPECTED
    streamed = ResponsesReader("asked")
    asked = RESPONSE | {"status": "in_progress", "service_tier": "auto", "output": [], "usage": None}
    streamed.block(event({"type": "response.created", "response": asked}, "response.created"))
    streamed.block(event({"type": "response.completed", "response": RESPONSE}, "response.completed"))
    assert streamed.usage == RESPONSE_EXPECTED
