"""The official clients put our translated streams together: their accumulators are stricter than any schema."""

from collections.abc import Iterator

import httpx2
import pytest
from anthropic import Anthropic
from openai import OpenAI
from openai.types.responses import ResponseFunctionToolCall

from .transcripts import Case, translated_stream

HI = "Hi"


def answering(case: Case) -> httpx2.Client:
    """Return an HTTP client that gets a case's translated stream, without a network."""
    stream = translated_stream(case)
    headers = {"content-type": "text/event-stream"}
    return httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=stream)))


@pytest.fixture
def anthropic_case(request: pytest.FixtureRequest) -> Iterator[Anthropic]:
    """Anthropic's client, which gets the case of the parameter."""
    with Anthropic(api_key="x", http_client=answering(request.param)) as client:
        yield client


@pytest.fixture
def openai_case(request: pytest.FixtureRequest) -> Iterator[OpenAI]:
    """OpenAI's client, which gets the case of the parameter."""
    with OpenAI(api_key="x", http_client=answering(request.param)) as client:
        yield client


@pytest.mark.parametrize("anthropic_case", [Case("messages-to-chat", "parallel-tools-stream")], indirect=True)
def test_anthropics_client_gathers_parallel_calls(anthropic_case: Anthropic) -> None:
    """Calls whose parts alternated upstream arrive whole, with stop reason and usage."""
    with anthropic_case.messages.stream(model="m", max_tokens=9, messages=[{"role": "user", "content": HI}]) as stream:
        message = stream.get_final_message()
    assert [block.input for block in message.content if block.type == "tool_use"] == [{"city": "Bern"}, {"zone": "CET"}]
    assert (message.stop_reason, message.usage.input_tokens, message.usage.output_tokens) == ("tool_use", 19, 10)


@pytest.mark.parametrize("anthropic_case", [Case("messages-to-chat", "text-stream")], indirect=True)
def test_anthropics_client_learns_the_usage_at_the_end(anthropic_case: Anthropic) -> None:
    """The counts that were unknown at the start are right at the end, the cache's parts included."""
    with anthropic_case.messages.stream(model="m", max_tokens=9, messages=[{"role": "user", "content": HI}]) as stream:
        text, message = "".join(stream.text_stream), stream.get_final_message()
    usage = message.usage
    assert text == "Hello, wörld!"
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (28, 1920, 100)


@pytest.mark.parametrize(
    "openai_case",
    [Case("responses-to-chat", "parallel-tools-stream"), Case("responses-to-messages", "tools-stream")],
    indirect=True,
    ids=str,
)
def test_openais_client_gathers_a_response(openai_case: OpenAI) -> None:
    """Text and calls of a translated response arrive whole, over one leg or two."""
    with openai_case.responses.stream(model="m", input=HI) as stream:
        response = stream.get_final_response()
    calls = [item for item in response.output if isinstance(item, ResponseFunctionToolCall)]
    assert response.output_text == "I look."
    assert (calls[0].name, calls[0].arguments) == ("get_weather", '{"city":"Bern"}')
    assert response.usage is not None


@pytest.mark.parametrize("openai_case", [Case("chat-to-messages", "parallel-tools-stream")], indirect=True)
def test_openais_client_gathers_chunks(openai_case: OpenAI) -> None:
    """Calls and usage of a translated chat stream arrive whole."""
    with openai_case.chat.completions.stream(model="m", messages=[{"role": "user", "content": HI}]) as stream:
        completion = stream.get_final_completion()
    calls = completion.choices[0].message.tool_calls or []
    assert [(call.function.name, call.function.arguments) for call in calls] == [
        ("get_weather", '{"city":"Bern"}'),
        ("get_time", "{}"),
    ]
    assert completion.usage is not None
    assert completion.usage.total_tokens == 113
