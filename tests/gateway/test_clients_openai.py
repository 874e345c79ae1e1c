"""The official OpenAI client against the gateway: what it puts together, and which exceptions it raises."""

import asyncio
import time
from typing import Any

import openai
import pytest
from openai.types.responses import ResponseFunctionToolCall
from pydantic import BaseModel
from tests.gateway.conftest import Simulate
from tests.gateway.harness import Running
from tests.gateway.speaking import CALLS, WEATHER, fails, fails_once, says, script, seen_body, until, user

TOOL: Any = {"type": "function", "function": {"name": "weather", "parameters": WEATHER}}
RESPONSE_TOOL: Any = {"type": "function", "name": "weather", "parameters": WEATHER, "strict": False}
UPSTREAM_OF = {"chat": "a", "claude": "c", "native": "r"}
PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
both = pytest.mark.parametrize("model", ["chat", "claude"])
three = pytest.mark.parametrize("model", ["native", "chat", "claude"])


class City(BaseModel):
    """What a structured answer is read into."""

    city: str
    people: int


@both
async def test_the_synchronous_client_works_in_a_thread(gateway: Running, simulate: Simulate, model: str) -> None:
    """The blocking client gets a whole answer and a stream, native and translated."""
    await simulate(UPSTREAM_OF[model], says())

    def talk() -> tuple[str | None, str]:
        with openai.OpenAI(base_url=gateway.base_url, api_key=gateway.key, max_retries=0) as client:
            whole = client.chat.completions.create(model=model, messages=user())
            stream = client.chat.completions.create(model=model, messages=user(), stream=True)
            return whole.choices[0].message.content, "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    assert await asyncio.to_thread(talk) == ("one two three", "one two three")


@both
async def test_a_stream_is_gathered_with_its_usage(gpt: openai.AsyncOpenAI, simulate: Simulate, model: str) -> None:
    """The client's accumulator makes the same completion out of a stream as comes whole, usage included."""
    await simulate(UPSTREAM_OF[model], says())
    options: Any = {"include_usage": True}
    async with gpt.chat.completions.stream(model=model, messages=user("how many?"), stream_options=options) as stream:
        completion = await stream.get_final_completion()
    assert completion.choices[0].message.content == "one two three"
    assert completion.choices[0].finish_reason == "stop"
    assert completion.model == model
    assert completion.usage is not None
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (2, 3)


@both
@pytest.mark.parametrize("is_stream", [False, True])
async def test_parallel_calls_arrive_whole(gpt: openai.AsyncOpenAI, simulate: Simulate, model: str, is_stream: bool) -> None:
    """Two calls of one answer keep their ids, names and arguments apart, native and translated."""
    await simulate(UPSTREAM_OF[model], script(answer={"tool_calls": CALLS}))
    if is_stream:
        async with gpt.chat.completions.stream(model=model, messages=user(), tools=[TOOL]) as stream:
            choice = (await stream.get_final_completion()).choices[0]
        calls = [(call.id, call.function.name, call.function.arguments) for call in choice.message.tool_calls or []]
        finish = choice.finish_reason
    else:
        answer = (await gpt.chat.completions.create(model=model, messages=user(), tools=[TOOL])).choices[0]
        calls = [
            (call.id, call.function.name, call.function.arguments)
            for call in answer.message.tool_calls or []
            if call.type == "function"
        ]
        finish = answer.finish_reason
    assert finish == "tool_calls"
    assert [(name, arguments.replace(" ", "")) for _, name, arguments in calls] == [
        ("weather", '{"city":"Bern"}'),
        ("weather", '{"city":"Basel"}'),
    ]
    assert len({identity for identity, _, _ in calls}) == 2


@both
async def test_results_of_calls_go_back(gpt: openai.AsyncOpenAI, simulate: Simulate, model: str) -> None:
    """The second turn, with the calls and their results, reaches the upstream in its own words."""
    server = await simulate(
        UPSTREAM_OF[model],
        script(answer={"tool_calls": CALLS}, cases=[{"when": {"nth": 2}, "answer": {"text": "Both are sunny."}}]),
    )
    messages: list[Any] = user("Where is it sunny?")
    first = (await gpt.chat.completions.create(model=model, messages=messages, tools=[TOOL])).choices[0].message
    messages.append(first.model_dump(exclude_none=True))
    messages += [{"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in first.tool_calls or []]
    second = await gpt.chat.completions.create(model=model, messages=messages, tools=[TOOL])
    assert second.choices[0].message.content == "Both are sunny."
    told = seen_body(server.seen[1])["messages"]
    ids = [call.id for call in first.tool_calls or []]
    if model == "claude":
        assert [block["tool_use_id"] for block in told[-1]["content"]] == ids
    else:
        assert [message["tool_call_id"] for message in told[-2:]] == ids


@both
async def test_structured_output_is_parsed(gpt: openai.AsyncOpenAI, simulate: Simulate, model: str) -> None:
    """``parse`` sends its schema and reads the answer into its type."""
    server = await simulate(UPSTREAM_OF[model], script(answer={"json": {"city": "Bern", "people": 146348}}))
    answer = await gpt.chat.completions.parse(model=model, messages=user(), response_format=City)
    assert answer.choices[0].message.parsed == City(city="Bern", people=146348)
    told = seen_body(server.seen[0])
    form = told["output_config"]["format"] if model == "claude" else told["response_format"]["json_schema"]
    assert form["schema"]["required"] == ["city", "people"]


@both
async def test_an_image_reaches_the_upstream(gpt: openai.AsyncOpenAI, simulate: Simulate, model: str) -> None:
    """A picture arrives with every byte, as a data URL or as Anthropic's source."""
    server = await simulate(UPSTREAM_OF[model], says())
    content: list[Any] = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": PIXEL}}]
    await gpt.chat.completions.create(model=model, messages=[{"role": "user", "content": content}])
    part = seen_body(server.seen[0])["messages"][0]["content"][1]
    if model == "claude":
        assert part["source"] == {"type": "base64", "media_type": "image/png", "data": PIXEL.partition(",")[2]}
    else:
        assert part["image_url"]["url"] == PIXEL


async def test_several_choices_and_their_log_probabilities(gpt: openai.AsyncOpenAI, simulate: Simulate) -> None:
    """``n`` and ``logprobs`` come through, whole and streamed, each choice under its own index."""
    await simulate("a", script(answer={"text": ["red", "green", "blue"], "logprob": -0.5}))
    whole = await gpt.chat.completions.create(model="chat", messages=user(), n=3, logprobs=True)
    assert [choice.message.content for choice in whole.choices] == ["red", "green", "blue"]
    assert whole.choices[1].logprobs is not None
    assert [token.logprob for token in whole.choices[1].logprobs.content or []] == [-0.5]
    async with gpt.chat.completions.stream(model="chat", messages=user(), n=3, logprobs=True) as stream:
        gathered = await stream.get_final_completion()
    assert [choice.message.content for choice in gathered.choices] == ["red", "green", "blue"]
    assert gathered.choices[2].logprobs is not None
    assert [token.logprob for token in gathered.choices[2].logprobs.content or []] == [-0.5]


@both
async def test_reasoning_is_told_apart(gpt: openai.AsyncOpenAI, simulate: Simulate, model: str) -> None:
    """What the model thought comes in ``reasoning_content``, what it says in ``content``, whole and streamed."""
    await simulate(UPSTREAM_OF[model], says("42", reasoning="six times seven"))
    whole = (await gpt.chat.completions.create(model=model, messages=user(), reasoning_effort="low")).choices[0].message
    assert (whole.content, (whole.model_extra or {})["reasoning_content"]) == ("42", "six times seven")
    stream = await gpt.chat.completions.create(model=model, messages=user(), reasoning_effort="low", stream=True)
    thought = said = ""
    async for chunk in stream:
        delta = chunk.choices[0].delta
        said += delta.content or ""
        thought += (delta.model_extra or {}).get("reasoning_content") or ""
    assert (said, thought) == ("42", "six times seven")


async def test_embeddings_come_through(gpt: openai.AsyncOpenAI, simulate: Simulate) -> None:
    """One vector comes for each text, packed as the client asks for it, with usage and the asked name."""
    await simulate("a", script(embedding_dimensions=4))
    answer = await gpt.embeddings.create(model="small", input=["one", "two words"])
    assert [len(item.embedding) for item in answer.data] == [4, 4]
    assert answer.model == "small"
    assert answer.usage.prompt_tokens == 3


@three
async def test_a_response_comes_whole_and_streamed(gpt: openai.AsyncOpenAI, simulate: Simulate, model: str) -> None:
    """Responses work where the upstream has them and where they are translated, over one leg or two."""
    server = await simulate(UPSTREAM_OF[model], says())
    whole = await gpt.responses.create(model=model, input="hello", instructions="Be brief.")
    assert (whole.output_text, whole.status, whole.model) == ("one two three", "completed", model)
    async with gpt.responses.stream(model=model, input="hello") as stream:
        gathered = await stream.get_final_response()
    assert (gathered.output_text, gathered.model) == ("one two three", model)
    assert gathered.usage is not None
    assert gathered.usage.output_tokens == 3
    path = {"native": "/v1/responses", "chat": "/v1/chat/completions", "claude": "/v1/messages"}[model]
    assert {seen.path for seen in server.seen} == {path}


@three
async def test_a_response_calls_tools(gpt: openai.AsyncOpenAI, simulate: Simulate, model: str) -> None:
    """Function calls of a response arrive with their arguments, whole and streamed."""
    await simulate(UPSTREAM_OF[model], script(answer={"tool_calls": CALLS}))
    whole = await gpt.responses.create(model=model, input="hello", tools=[RESPONSE_TOOL])
    async with gpt.responses.stream(model=model, input="hello", tools=[RESPONSE_TOOL]) as stream:
        gathered = await stream.get_final_response()
    for response in (whole, gathered):
        calls = [item for item in response.output if isinstance(item, ResponseFunctionToolCall)]
        assert [call.arguments.replace(" ", "") for call in calls] == ['{"city":"Bern"}', '{"city":"Basel"}']


@three
async def test_a_response_is_parsed(gpt: openai.AsyncOpenAI, simulate: Simulate, model: str) -> None:
    """``responses.parse`` reads structured output from every kind of upstream."""
    await simulate(UPSTREAM_OF[model], script(answer={"json": {"city": "Bern", "people": 146348}}))
    answer = await gpt.responses.parse(model=model, input="hello", text_format=City)
    assert answer.output_parsed == City(city="Bern", people=146348)


async def test_models_are_listed_and_retrieved(gpt: openai.AsyncOpenAI) -> None:
    """The list holds models, aliases and ``auto``; one of them, or a pin, is retrieved by its name."""
    names = [model.id async for model in gpt.models.list()]
    assert {"chat", "claude", "small", "auto"} <= set(names)
    assert (await gpt.models.retrieve("small")).id == "small"
    assert (await gpt.models.retrieve("chat@test")).id == "chat@test"


ERRORS: list[tuple[dict[str, Any], type[openai.APIStatusError], int]] = [
    ({"status": 400}, openai.BadRequestError, 400),
    ({"status": 401}, openai.InternalServerError, 502),
    ({"status": 404}, openai.InternalServerError, 502),
    ({"status": 422}, openai.UnprocessableEntityError, 422),
    ({"status": 429, "retry_after": "30"}, openai.RateLimitError, 429),
    ({"status": 500}, openai.InternalServerError, 502),
    ({"status": 503}, openai.InternalServerError, 503),
]


@pytest.mark.parametrize(("fault", "kind", "status"), ERRORS, ids=[str(fault["status"]) for fault, _, _ in ERRORS])
async def test_errors_raise_the_right_exception(
    gpt: openai.AsyncOpenAI, simulate: Simulate, fault: dict[str, Any], kind: type[openai.APIStatusError], status: int
) -> None:
    """What an upstream refuses becomes the exception that the client has for it, with request id and code."""
    await simulate("a", fails(kind="status", **fault))
    with pytest.raises(kind) as raised:
        await gpt.chat.completions.create(model="chat", messages=user())
    assert raised.value.status_code == status
    assert raised.value.request_id
    assert raised.value.code


async def test_a_wrong_key_is_an_authentication_error(gateway: Running) -> None:
    """A key that nobody issued raises the client's own exception, at once."""
    async with openai.AsyncOpenAI(base_url=gateway.base_url, api_key="tp-wrong") as client:
        with pytest.raises(openai.AuthenticationError) as raised:
            await client.chat.completions.create(model="chat", messages=user())
    assert raised.value.code == "invalid_api_key"


async def test_an_unknown_model_is_not_found(gpt: openai.AsyncOpenAI) -> None:
    """A name that means nothing raises `NotFoundError` and says which."""
    with pytest.raises(openai.NotFoundError) as raised:
        await gpt.chat.completions.create(model="gpt-unknown", messages=user())
    assert (raised.value.code, raised.value.param) == ("model_not_found", "model")


async def test_a_stream_that_breaks_raises(gpt: openai.AsyncOpenAI, simulate: Simulate) -> None:
    """A cut stream raises in the client after the words that came, and never ends as if it were whole."""
    await simulate("a", fails(kind="cut", after_chunks=2))
    said: list[str] = []

    async def listen() -> None:
        async for chunk in await gpt.chat.completions.create(model="chat", messages=user(), stream=True):
            said.append(chunk.choices[0].delta.content or "")

    with pytest.raises(openai.APIError):
        await listen()
    assert "".join(said) == "one two"


async def test_the_clients_own_retry_obeys_retry_after(gateway: Running, simulate: Simulate) -> None:
    """After a 429 with a short Retry-After the client waits as long as it was told and gets its answer."""
    server = await simulate("l", fails_once(kind="status", status=429, retry_after="1"))
    async with openai.AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.key) as client:
        began = time.monotonic()
        answer = await client.chat.completions.create(model="hasty", messages=user())
    assert answer.choices[0].message.content == "one two three four"
    assert time.monotonic() - began >= 0.95
    assert len(server.seen) == 2


async def test_the_client_does_not_retry_what_cannot_help(gateway: Running, simulate: Simulate) -> None:
    """``x-should-retry: false`` stops the client after one request, although it would retry a 501 by itself."""
    server = await simulate("l", fails(kind="status", status=501))
    async with openai.AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.key, max_retries=4) as client:
        with pytest.raises(openai.InternalServerError) as raised:
            await client.chat.completions.create(model="hasty", messages=user())
    assert raised.value.response.headers["x-should-retry"] == "false"
    assert len(server.seen) == 1


async def test_the_clients_timeout_stops_the_upstream(gpt: openai.AsyncOpenAI, simulate: Simulate) -> None:
    """A client that waits a fifth of a second raises its timeout, and nobody goes on generating for it."""
    server = await simulate("a", says(pace={"first_token": "5s"}))
    with pytest.raises((openai.APITimeoutError, openai.InternalServerError)):
        await gpt.with_options(timeout=0.2).chat.completions.create(model="chat", messages=user())
    await until(lambda: server.seen[0].left_at_s is not None)
    assert not server.seen[0].is_finished
