import base64
import json
import struct
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import openai
import pytest
from tests.upstreams.simulated.helpers import faulty, script

from triplepoint.upstreams.simulated.server import SimulatedServer

ANSWERS = script(
    cases=[
        {
            "when": {"contains": "tools"},
            "answer": {
                "text": "let me see",
                "reasoning": "two calls will do",
                "tool_calls": [
                    {"name": "forecast", "arguments": {"city": "Bern", "days": 2}},
                    {"name": "clock", "arguments": {"zone": "a b"}},
                ],
            },
        },
        {"when": {"contains": "refuse"}, "answer": {"refusal": "I will not."}},
        {"when": {"contains": "json"}, "answer": {"json": {"a": [1, None, "ü"]}}},
        {
            "when": {"contains": "counted"},
            "answer": {
                "text": "yes",
                "usage": {
                    "input_tokens": 100,
                    "output_tokens": 20,
                    "cache_read_tokens": 60,
                    "cache_write_tokens": 30,
                    "reasoning_tokens": 5,
                },
            },
        },
        {"when": {"contains": "several"}, "answer": {"text": ["one", "two"]}},
    ],
    models=["small", "large"],
)


@pytest.fixture
async def server() -> AsyncIterator[SimulatedServer]:
    """A server that plays the answers above."""
    async with SimulatedServer(ANSWERS) as running:
        yield running


@pytest.fixture
async def oai(server: SimulatedServer) -> AsyncIterator[openai.AsyncOpenAI]:
    """OpenAI's client, which does not try again."""
    async with openai.AsyncOpenAI(base_url=server.base_url, api_key="sk-x", max_retries=0) as client:
        yield client


@pytest.fixture
async def ant(server: SimulatedServer) -> AsyncIterator[anthropic.AsyncAnthropic]:
    """Anthropic's client, which does not try again."""
    url = server.base_url.removesuffix("/v1")
    async with anthropic.AsyncAnthropic(base_url=url, api_key="x", max_retries=0) as client:
        yield client


def _say(text: str) -> Any:
    return [{"role": "user", "content": text}]


async def test_chat_echo_with_counted_usage(oai: openai.AsyncOpenAI) -> None:
    """A chat answer says the last text of the user and counts words, system prompt included."""
    messages: Any = [{"role": "system", "content": "be brief"}, *_say("hello  wide\nworld")]
    answer = await oai.chat.completions.create(model="small", messages=messages)
    assert answer.choices[0].message.content == "hello  wide\nworld"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (5, 3, 8)


async def test_chat_stream_adds_up_to_the_same(oai: openai.AsyncOpenAI) -> None:
    """A chat stream's deltas are the text, under one id, with role, finish reason and usage where they belong."""
    stream = await oai.chat.completions.create(
        model="small", messages=_say(" two  words "), stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == " two  words "
    assert {chunk.id for chunk in chunks} == {"chatcmpl-sim-1"}
    assert (chunks[0].choices[0].delta.role, chunks[-2].choices[0].finish_reason) == ("assistant", "stop")
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (2, 2)


async def test_chat_parallel_tool_calls(oai: openai.AsyncOpenAI) -> None:
    """Parallel calls have their own ids and indexes, whole and streamed, and the fragments add up."""
    whole = (await oai.chat.completions.create(model="small", messages=_say("tools"))).choices[0]
    assert whole.finish_reason == "tool_calls"
    assert whole.message.tool_calls is not None
    calls = [call for call in whole.message.tool_calls if call.type == "function"]
    wanted = [(call.function.name, json.loads(call.function.arguments)) for call in calls]
    assert wanted == [("forecast", {"city": "Bern", "days": 2}), ("clock", {"zone": "a b"})]
    streamed: dict[int, list[str]] = {}
    async for chunk in await oai.chat.completions.create(model="small", messages=_say("tools"), stream=True):
        for call in chunk.choices[0].delta.tool_calls or []:
            assert call.function is not None
            parts = streamed.setdefault(call.index, [call.function.name or "", ""])
            parts[1] += call.function.arguments or ""
    assert [(name, json.loads(arguments)) for name, arguments in streamed.values()] == wanted


async def test_chat_choices_logprobs_and_limit(oai: openai.AsyncOpenAI) -> None:
    """``n`` gives so many choices, ``logprobs`` one entry a word, and ``max_tokens`` cuts with reason length."""
    several = await oai.chat.completions.create(model="small", messages=_say("several"), n=3)
    assert [choice.message.content for choice in several.choices] == ["one", "two", "one"]
    scored = await oai.chat.completions.create(model="small", messages=_say("a b c"), logprobs=True)
    assert scored.choices[0].logprobs is not None
    assert [(entry.token, entry.logprob) for entry in scored.choices[0].logprobs.content or []] == [
        ("a", -0.25),
        (" b", -0.25),
        (" c", -0.25),
    ]
    short = await oai.chat.completions.create(model="small", messages=_say("a b  c d"), max_completion_tokens=3)
    assert (short.choices[0].message.content, short.choices[0].finish_reason) == ("a b  c", "length")
    assert short.usage is not None
    assert short.usage.completion_tokens == 3


async def test_chat_refusal_json_and_given_usage(oai: openai.AsyncOpenAI) -> None:
    """Refusals, JSON answers and usage come as the script gives them."""
    refused = await oai.chat.completions.create(model="small", messages=_say("refuse"))
    assert (refused.choices[0].message.refusal, refused.choices[0].message.content) == ("I will not.", None)
    told = await oai.chat.completions.create(model="small", messages=_say("json"))
    assert json.loads(told.choices[0].message.content or "") == {"a": [1, None, "ü"]}
    usage = (await oai.chat.completions.create(model="small", messages=_say("counted"))).usage
    assert usage is not None
    assert usage.prompt_tokens_details is not None
    assert usage.completion_tokens_details is not None
    assert (usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens) == (100, 60)
    assert (usage.completion_tokens, usage.completion_tokens_details.reasoning_tokens) == (20, 5)


@pytest.mark.parametrize("prompt", ["hello there", "tools", "refuse", "counted"])
async def test_responses_stream_ends_as_the_whole_answer(oai: openai.AsyncOpenAI, prompt: str) -> None:
    """The events of a response, put together by the client, are the output of the answer that is no stream."""
    whole = await oai.responses.create(model="small", input=prompt)
    async with oai.responses.stream(model="small", input=prompt) as stream:
        events = [event async for event in stream]
        final = await stream.get_final_response()
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [_without_id(item) for item in final.output] == [_without_id(item) for item in whole.output]
    assert (final.usage, final.status) == (whole.usage, "completed")


def _without_id(item: Any) -> dict[str, Any]:
    """Everything but the ids and what the client's helper adds."""
    fields = item.model_dump(exclude={"id", "call_id", "parsed_arguments"})
    parts: list[dict[str, Any]] = fields.get("content") or []
    for part in parts:
        part.pop("parsed", None)
    return fields


async def test_responses_limit_is_incomplete(oai: openai.AsyncOpenAI) -> None:
    """A response that reaches its limit says so."""
    answer = await oai.responses.create(model="small", input="a b c d", max_output_tokens=2)
    assert (answer.status, answer.output_text) == ("incomplete", "a b")
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"


@pytest.mark.parametrize("prompt", ["hello there", "tools", "refuse", "counted"])
async def test_messages_stream_ends_as_the_whole_answer(ant: anthropic.AsyncAnthropic, prompt: str) -> None:
    """The events of a message, put together by the client, are the content of the answer that is no stream."""
    whole = await ant.messages.create(model="small", max_tokens=50, messages=_say(prompt))
    async with ant.messages.stream(model="small", max_tokens=50, messages=_say(prompt)) as stream:
        final = await stream.get_final_message()
    kept = [block.model_dump(exclude={"id", "parsed_output"}) for block in final.content]
    assert kept == [block.model_dump(exclude={"id", "parsed_output"}) for block in whole.content]
    assert (final.stop_reason, final.usage) == (whole.stop_reason, whole.usage)


async def test_messages_usage_is_in_parts(ant: anthropic.AsyncAnthropic) -> None:
    """Anthropic's counts of the input lie beside one another and add up to ours."""
    usage = (await ant.messages.create(model="small", max_tokens=50, messages=_say("counted"))).usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (10, 60, 30)


@pytest.mark.parametrize(
    ("prompt", "limit", "reason"),
    [("a b", 9, "end_turn"), ("a b", 1, "max_tokens"), ("tools", 9, "tool_use"), ("refuse", 9, "refusal")],
)
async def test_messages_stop_reasons(ant: anthropic.AsyncAnthropic, prompt: str, limit: int, reason: str) -> None:
    """Stop reasons are Anthropic's."""
    assert (await ant.messages.create(model="small", max_tokens=limit, messages=_say(prompt))).stop_reason == reason


async def test_messages_count_tokens(ant: anthropic.AsyncAnthropic) -> None:
    """Counting counts words, the system prompt's included."""
    counted = await ant.messages.count_tokens(model="small", system="be brief", messages=_say("one two"))
    assert counted.input_tokens == 4


async def test_embeddings(oai: openai.AsyncOpenAI) -> None:
    """Equal texts have equal vectors of length 1, others not; packed and plain numbers agree to single precision."""
    packed = await oai.embeddings.create(model="small", input=["a", "b", "a"], encoding_format="base64")
    vectors = [struct.unpack("<8f", base64.b64decode(str(item.embedding))) for item in packed.data]
    assert vectors[0] == vectors[2] != vectors[1]
    plain = await oai.embeddings.create(model="small", input="a", encoding_format="float", dimensions=8)
    assert plain.data[0].embedding == pytest.approx(vectors[0], abs=1e-6)
    assert sum(value * value for value in plain.data[0].embedding) == pytest.approx(1)
    assert packed.usage.prompt_tokens == 3


async def test_models_and_unknown_model(oai: openai.AsyncOpenAI, ant: anthropic.AsyncAnthropic) -> None:
    """The models of the script are listed; any other is 404 in both vendors' shapes."""
    assert [model.id async for model in oai.models.list()] == ["small", "large"]
    with pytest.raises(openai.NotFoundError) as openai_error:
        await oai.chat.completions.create(model="none", messages=_say("x"))
    assert (openai_error.value.code, openai_error.value.param) == ("model_not_found", "model")
    with pytest.raises(anthropic.NotFoundError):
        await ant.messages.create(model="none", max_tokens=1, messages=_say("x"))


async def test_errors_in_streams_reach_the_clients() -> None:
    """Both clients raise where an error comes as an event."""
    async with SimulatedServer(faulty(kind="error_event", after_chunks=1)) as server:
        async with openai.AsyncOpenAI(base_url=server.base_url, api_key="x", max_retries=0) as client:
            stream = await client.chat.completions.create(model="m", messages=_say("x"), stream=True)
            with pytest.raises(openai.APIError, match="a scripted fault"):
                _ = [chunk async for chunk in stream]
        url = server.base_url.removesuffix("/v1")
        async with anthropic.AsyncAnthropic(base_url=url, api_key="x", max_retries=0) as client:
            with pytest.raises(anthropic.APIError, match="a scripted fault"):
                async with client.messages.stream(model="m", max_tokens=9, messages=_say("x")) as events:
                    await events.get_final_message()


async def test_retries_of_the_client_are_seen() -> None:
    """OpenAI's client tries again after a 429 with Retry-After, and the server counts both."""
    once = script(cases=[{"when": {"nth": 1}, "fault": {"kind": "status", "status": 429, "retry_after": "0.05"}}])
    async with SimulatedServer(once) as server:
        async with openai.AsyncOpenAI(base_url=server.base_url, api_key="x", max_retries=1) as client:
            await client.chat.completions.create(model="m", messages=_say("x"))
        assert [seen.status for seen in server.seen] == [429, 200]
        assert server.seen[1].headers["x-stainless-retry-count"] == "1"
