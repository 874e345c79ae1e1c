"""The official Anthropic client against the gateway, in front of a messages upstream and of a chat upstream."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import anthropic
import pytest
from anthropic.types import Message
from tests.gateway.conftest import Simulate
from tests.gateway.harness import Running
from tests.gateway.speaking import CALLS, WEATHER, fails, fails_once, says, script, seen_body, user

TOOL: Any = {"name": "weather", "input_schema": WEATHER}
UPSTREAM_OF = {"chat": "a", "claude": "c"}
both = pytest.mark.parametrize("model", ["claude", "chat"])


def asked(model: str, **members: Any) -> Any:
    """Make the arguments of a question."""
    return {"model": model, "max_tokens": 200, "messages": user(), **members}


async def create(client: anthropic.AsyncAnthropic, model: str, **members: Any) -> Message:
    """Get a whole message."""
    return cast("Message", await client.messages.create(**asked(model, **members)))


async def gather(client: anthropic.AsyncAnthropic, model: str, **members: Any) -> Message:
    """Get a message by its stream."""
    async with client.messages.stream(**asked(model, **members)) as stream:
        return cast("Message", await stream.get_final_message())


def blocks(message: Message) -> list[dict[str, Any]]:
    """Return a message's content as JSON has it."""
    return message.model_dump()["content"]


@both
async def test_the_synchronous_client_works_in_a_thread(gateway: Running, simulate: Simulate, model: str) -> None:
    """The blocking client gets a whole message and a stream, native and translated."""
    await simulate(UPSTREAM_OF[model], says())

    def talk() -> tuple[str, str]:
        with anthropic.Anthropic(base_url=gateway.root_url, api_key=gateway.key, max_retries=0) as client:
            whole = cast("Message", client.messages.create(**asked(model)))
            with client.messages.stream(**asked(model)) as stream:
                return blocks(whole)[0]["text"], "".join(stream.text_stream)

    assert await asyncio.to_thread(talk) == ("one two three", "one two three")


@both
async def test_a_message_has_the_asked_name_and_its_usage(
    claude: anthropic.AsyncAnthropic, simulate: Simulate, model: str
) -> None:
    """A whole message and a gathered stream say the same: text, stop reason, usage, and the name that was asked for."""
    await simulate(UPSTREAM_OF[model], says())
    for message in (await create(claude, model), await gather(claude, model)):
        assert [block["text"] for block in blocks(message)] == ["one two three"]
        assert (message.model, message.stop_reason, message.usage.output_tokens) == (model, "end_turn", 3)


@both
@pytest.mark.parametrize("get", [create, gather])
async def test_parallel_calls_arrive_whole(
    claude: anthropic.AsyncAnthropic, simulate: Simulate, model: str, get: Callable[..., Awaitable[Message]]
) -> None:
    """Two calls of one answer keep their ids and inputs apart, native and translated."""
    await simulate(UPSTREAM_OF[model], script(answer={"text": "I look.", "tool_calls": CALLS}))
    message = await get(claude, model, tools=[TOOL])
    calls = [block for block in blocks(message) if block["type"] == "tool_use"]
    assert [call["input"] for call in calls] == [{"city": "Bern"}, {"city": "Basel"}]
    assert len({call["id"] for call in calls}) == 2
    assert message.stop_reason == "tool_use"


@both
async def test_results_of_calls_go_back(claude: anthropic.AsyncAnthropic, simulate: Simulate, model: str) -> None:
    """The second turn, with the calls and their results, reaches the upstream in its own words."""
    server = await simulate(
        UPSTREAM_OF[model],
        script(answer={"tool_calls": CALLS}, cases=[{"when": {"nth": 2}, "answer": {"text": "Both are sunny."}}]),
    )
    messages = user("Where is it sunny?")
    first = blocks(await create(claude, model, messages=messages, tools=[TOOL]))
    ids = [block["id"] for block in first if block["type"] == "tool_use"]
    messages.append({"role": "assistant", "content": first})
    results = [{"type": "tool_result", "tool_use_id": identity, "content": "sunny"} for identity in ids]
    messages.append({"role": "user", "content": results})
    second = await create(claude, model, messages=messages, tools=[TOOL])
    assert blocks(second)[0]["text"] == "Both are sunny."
    told = seen_body(server.seen[1])["messages"]
    if model == "claude":
        assert [block["tool_use_id"] for block in told[-1]["content"]] == ids
    else:
        assert [message["tool_call_id"] for message in told if message["role"] == "tool"] == ids


@both
async def test_thinking_comes_as_a_block(claude: anthropic.AsyncAnthropic, simulate: Simulate, model: str) -> None:
    """What the model thought is a block of its own before the text, whole and streamed."""
    await simulate(UPSTREAM_OF[model], says("42", reasoning="six times seven"))
    thinking: Any = {"type": "enabled", "budget_tokens": 1024}
    for get in (create, gather):
        content = blocks(await get(claude, model, max_tokens=4000, thinking=thinking))
        assert [block["type"] for block in content] == ["thinking", "text"]
        assert content[0]["thinking"] == "six times seven"


async def test_tokens_are_counted_by_the_upstream_or_by_us(claude: anthropic.AsyncAnthropic, simulate: Simulate) -> None:
    """``count_tokens`` is the upstream's count where it has one, and our tokenizer's where it speaks chat."""
    server = await simulate("c", says())
    native = await claude.messages.count_tokens(model="claude", messages=user("one two three four"))
    assert native.input_tokens == 4
    assert server.seen[0].path == "/v1/messages/count_tokens"
    ours = await claude.messages.count_tokens(model="chat", messages=user("one two three four"))
    assert 4 <= ours.input_tokens <= 20


async def test_models_are_listed_and_retrieved(claude: anthropic.AsyncAnthropic) -> None:
    """The list has Anthropic's shape for Anthropic's client."""
    page = await claude.models.list()
    assert {"chat", "claude", "small", "auto"} <= {model.id for model in page.data}
    assert not page.has_more
    one = await claude.models.retrieve("claude")
    assert (one.id, one.type) == ("claude", "model")


ERRORS: list[tuple[dict[str, Any], type[anthropic.APIStatusError], int, str]] = [
    ({"status": 400}, anthropic.BadRequestError, 400, "invalid_request_error"),
    ({"status": 401}, anthropic.InternalServerError, 502, "api_error"),
    ({"status": 413}, anthropic.APIStatusError, 413, "request_too_large"),
    ({"status": 429, "retry_after": "30"}, anthropic.RateLimitError, 429, "rate_limit_error"),
    ({"status": 500}, anthropic.InternalServerError, 502, "api_error"),
    ({"status": 529}, anthropic.OverloadedError, 529, "overloaded_error"),
]


@both
@pytest.mark.parametrize(("fault", "kind", "status", "name"), ERRORS, ids=[str(fault["status"]) for fault, *_ in ERRORS])
async def test_errors_raise_the_right_exception(
    claude: anthropic.AsyncAnthropic,
    simulate: Simulate,
    model: str,
    fault: dict[str, Any],
    kind: type[anthropic.APIStatusError],
    status: int,
    name: str,
) -> None:
    """What an upstream refuses becomes the exception and the type that Anthropic has for it, whatever the upstream speaks."""
    await simulate(UPSTREAM_OF[model], fails(kind="status", **fault))
    with pytest.raises(kind) as raised:
        await create(claude, model)
    assert raised.value.status_code == status
    assert raised.value.request_id
    body: Any = raised.value.body
    assert (body["type"], body["error"]["type"]) == ("error", name)


async def test_a_wrong_key_is_an_authentication_error(gateway: Running) -> None:
    """A key that nobody issued raises the client's own exception, at once."""
    async with anthropic.AsyncAnthropic(base_url=gateway.root_url, api_key="tp-wrong") as client:
        with pytest.raises(anthropic.AuthenticationError):
            await create(client, "claude")


async def test_an_unknown_model_is_not_found(claude: anthropic.AsyncAnthropic) -> None:
    """A name that means nothing raises `NotFoundError`."""
    with pytest.raises(anthropic.NotFoundError) as raised:
        await create(claude, "claude-unknown")
    body: Any = raised.value.body
    assert body["error"]["type"] == "not_found_error"


@both
async def test_a_stream_that_breaks_raises(claude: anthropic.AsyncAnthropic, simulate: Simulate, model: str) -> None:
    """A cut stream raises in the client after the words that came."""
    await simulate(UPSTREAM_OF[model], fails(kind="cut", after_chunks=2))
    said: list[str] = []

    async def listen() -> None:
        async with claude.messages.stream(**asked(model)) as stream:
            async for piece in stream.text_stream:
                said.append(piece)

    with pytest.raises(anthropic.APIStatusError) as raised:
        await listen()
    assert "".join(said) == "one two"
    assert "broke off" in json.dumps(raised.value.body)


async def test_the_clients_own_retry_obeys_retry_after(gateway: Running, simulate: Simulate) -> None:
    """After a 429 with a short Retry-After the client waits as long as it was told and gets its answer."""
    server = await simulate("l", fails_once(kind="status", status=429, retry_after="1"))
    async with anthropic.AsyncAnthropic(base_url=gateway.root_url, api_key=gateway.key) as client:
        began = time.monotonic()
        message = await create(client, "hasty")
    assert message.stop_reason == "end_turn"
    assert time.monotonic() - began >= 0.95
    assert len(server.seen) == 2
