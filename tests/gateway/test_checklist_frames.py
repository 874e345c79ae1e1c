"""The compatibility checklist, points 1 to 10: the frames of a stream, as bytes."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anthropic
import openai
import pytest
from tests.gateway.canned import Canned
from tests.gateway.conftest import Simulate
from tests.gateway.harness import (
    Running,
    anthropic_upstream,
    free_port,
    model,
    openai_upstream,
    start_gateway,
    write_configuration,
)
from tests.gateway.raw import call, post, question, request
from tests.gateway.speaking import CALLS, MESSAGES, RESPONSES, attempts_of, chunks, events, fails, says, script, user

from triplepoint.upstreams.simulated.server import SimulatedServer

DONE = b"data: [DONE]\n\n"
WEATHER_TOOL: Any = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
FINISHES = [("stop", "end_turn"), ("length", "max_tokens"), ("tool_calls", "tool_use"), ("content_filter", "refusal")]


def message_question(model: str, **members: Any) -> bytes:
    """Write the body of a message's request."""
    return json.dumps({"model": model, "max_tokens": 99, "messages": user(), **members}).encode()


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
async def test_events_end_with_a_blank_line(gateway: Running, line_end: bytes) -> None:
    """Point 1: whatever line ends an upstream uses, events end with a blank line, and Unicode line ends split nothing."""
    text = "a\u2028b\u2029c\x85d"
    delta = {"index": 0, "delta": {"content": text}, "finish_reason": "stop"}
    data = json.dumps({"id": "x", "created": 1, "model": "m", "choices": [delta]}, ensure_ascii=False).encode()
    stream = b"data: " + data + line_end * 2 + b"data: [DONE]" + line_end * 2
    async with Canned(gateway.ports["a"], stream, is_stream=True):
        answer = await post(gateway, question(stream=True))
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == ("no-cache", "no")
    assert b"\r" not in answer.body
    assert answer.body.endswith(DONE)
    assert chunks(answer.body)[0]["choices"][0]["delta"]["content"] == text


@pytest.mark.parametrize("how", ["terminated", "close", "reset"])
async def test_a_stream_without_its_end_becomes_an_error(gateway: Running, simulate: Simulate, how: str) -> None:
    """Point 2: a stream that ends before its finish reason, however cleanly, is an error event and no ``[DONE]``."""
    await simulate("a", fails(kind="cut", after_chunks=2, how=how))
    answer = await post(gateway, question(stream=True))
    assert answer.status == 200
    assert DONE not in answer.body
    last = events(answer.body)[-1][1]
    assert last["error"]["code"] in {"stream_cut", "connection_lost"}
    [attempt] = await attempts_of(gateway, answer)
    assert attempt["outcome"] == "cut"


async def test_a_missing_end_is_added_where_all_else_is_there(gateway: Running, simulate: Simulate) -> None:
    """Point 2: where only ``[DONE]`` is missing after the finish reason, the answer is whole and ends as it should."""
    await simulate("a", fails(kind="missing_done"))
    answer = await post(gateway, question(stream=True))
    assert answer.body.count(DONE) == 1
    assert answer.body.endswith(DONE)


@pytest.mark.parametrize(
    ("path", "model", "kind"), [("", "chat", ""), (RESPONSES, "native", "error"), (MESSAGES, "claude", "error")]
)
async def test_an_error_in_a_stream_makes_the_client_raise(
    gateway: Running, simulate: Simulate, path: str, model: str, kind: str
) -> None:
    """Point 3: a failure after the first byte is an event with a truthy error, in every dialect, and ends the stream."""
    answer_slowly = {"text": "one two three four", "pace": {"between_tokens": "20ms"}}
    fault = {"kind": "error_event", "after_chunks": 2, "done": True}
    await simulate({"chat": "a", "native": "r", "claude": "c"}[model], script(answer=answer_slowly, cases=[{"fault": fault}]))
    body = json.dumps({"model": model, "stream": True, "messages": user(), "input": "hello", "max_tokens": 9}).encode()
    answer = await post(gateway, body, path=path or "/v1/chat/completions")
    name, data = events(answer.body)[-1]
    assert name == kind
    assert data["error"]["message"].startswith("The model's answer broke off")
    assert b"scripted" not in answer.body
    assert DONE not in answer.body


@asynccontextmanager
async def patient_gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Running]:
    """Run a gateway that breaks a silence after a tenth of a second."""
    folder, port_a, port_c = tmp_path_factory.mktemp("silence"), free_port(), free_port()
    port = write_configuration(
        folder,
        upstreams={"a": openai_upstream(port_a), "c": anthropic_upstream(port_c)},
        models={"chat": model("a"), "claude": model("c", capabilities=["chat"])},
        settings={"gateway": {"keep_alive_comment": "100ms"}},
    )
    with start_gateway(folder, port) as running:
        running.ports = {"a": port_a, "c": port_c}
        yield running


async def test_silence_is_broken_by_comments(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Point 4: while nothing comes, comment lines keep the connection alive, and both clients read past them."""
    slow = says("one two", pace={"first_token": "350ms", "between_tokens": "250ms"}, role_alone=False)
    async with (
        patient_gateway(tmp_path_factory) as gateway,
        SimulatedServer(slow, port=gateway.ports["a"]),
        SimulatedServer(slow, port=gateway.ports["c"]),
        openai.AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.key) as gpt,
        anthropic.AsyncAnthropic(base_url=gateway.root_url, api_key=gateway.key) as claude,
    ):
        answer = await post(gateway, question(stream=True))
        assert answer.body.startswith(b": keep-alive\n\n")
        assert answer.body.count(b": keep-alive\n\n") >= 4
        stream = await gpt.chat.completions.create(model="claude", messages=user(), stream=True)
        assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == "one two"
        async with claude.messages.stream(model="chat", max_tokens=9, messages=user()) as told:
            assert await told.get_final_text() == "one two"


async def test_an_upstreams_comments_are_no_beginning(gateway: Running, simulate: Simulate) -> None:
    """Point 4: an upstream that sends comments and then nothing has not begun to answer, so another one may."""
    await simulate("b", says())
    async with Canned(gateway.ports["a"], b": processing\n\n: processing\n\n", is_stream=True):
        answer = await post(gateway, question(model="fallback", stream=True))
    assert answer.body.endswith(DONE)
    assert [attempt["outcome"] for attempt in await attempts_of(gateway, answer)][-1] == "finished"


async def test_the_first_chunk_is_kept_and_the_last_is_not_split(gateway: Running, simulate: Simulate) -> None:
    """Point 5: the empty chunk with the role comes through; a last chunk with content and finish reason stays one."""
    await simulate("a", says("one two", role_alone=True, finish_joined=True))
    told = chunks((await post(gateway, question(stream=True))).body)
    assert told[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert told[-1]["choices"][0]["delta"]["content"].strip() == "two"
    assert told[-1]["choices"][0]["finish_reason"] == "stop"
    assert len(told) == 3


@pytest.mark.parametrize("model", ["chat", "claude"])
async def test_usage_is_asked_for_always_and_told_on_request(gateway: Running, simulate: Simulate, model: str) -> None:
    """Point 6: the usage chunk comes last, with empty choices, to those who asked; others see none, and we know it anyway."""
    server = await simulate({"chat": "a", "claude": "c"}[model], says())
    plain = await post(gateway, question(model=model, stream=True))
    asked = await post(gateway, question(model=model, stream=True, stream_options={"include_usage": True}))
    assert all(chunk["choices"] and not chunk.get("usage") for chunk in chunks(plain.body))
    *others, last = chunks(asked.body)
    assert last["choices"] == []
    assert last["usage"]["completion_tokens"] == 3
    assert all("usage" in chunk and chunk["usage"] is None for chunk in others)
    for answer in (plain, asked):
        [attempt] = await attempts_of(gateway, answer)
        assert (attempt["usage"]["output_tokens"], attempt["usage"]["source"]) == (3, "reported")
    if model == "chat":
        assert json.loads(server.seen[0].body or b"")["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("is_stream", [False, True])
async def test_missing_usage_is_estimated_and_flagged(gateway: Running, simulate: Simulate, is_stream: bool) -> None:
    """Point 7: an answer without usage is counted by our tokenizer, flagged as an estimate, and charged by it."""
    await simulate("a", says("one two three four five six", usage="omitted"))
    answer = await post(gateway, question("How many words are there?", stream=is_stream))
    [attempt] = await attempts_of(gateway, answer)
    assert attempt["usage"]["source"] == "estimated"
    assert 5 <= attempt["usage"]["output_tokens"] <= 8
    assert attempt["usage"]["input_tokens"] > 4
    assert float(attempt["cost_usd"]) > 0


@pytest.mark.parametrize("model", ["chat", "claude"])
async def test_tool_calls_come_in_well_formed_deltas(gateway: Running, simulate: Simulate, model: str) -> None:
    """Point 8: id, type and name come with the first delta of each index alone; arguments are pieces of text to be joined."""
    await simulate({"chat": "a", "claude": "c"}[model], script(answer={"tool_calls": CALLS}))
    answer = await post(gateway, question(model=model, stream=True, tools=[WEATHER_TOOL]))
    deltas = [call for chunk in chunks(answer.body) for call in chunk["choices"][0]["delta"].get("tool_calls", [])]
    for index, city in enumerate(("Bern", "Basel")):
        first, *later = [delta for delta in deltas if delta["index"] == index]
        assert (first["type"], first["function"]["name"]) == ("function", "weather")
        assert first["id"]
        assert all("id" not in delta and "name" not in delta["function"] for delta in later)
        joined = "".join(delta["function"].get("arguments", "") for delta in (first, *later))
        assert json.loads(joined) == {"city": city}


@pytest.mark.parametrize(("finish", "stop"), FINISHES)
@pytest.mark.parametrize("is_stream", [False, True])
async def test_the_finish_reason_survives(
    gateway: Running, simulate: Simulate, finish: str, stop: str, is_stream: bool
) -> None:
    """Point 9: stop, length, tool_calls and content_filter come through, and map to Anthropic's stop reasons both ways."""
    calls = CALLS[:1] if finish == "tool_calls" else []
    answer = {"text": "one two", "finish_reason": finish, "tool_calls": calls}
    for upstream in "ac":
        await simulate(upstream, script(answer=answer))
    tools: Any = {"tools": [WEATHER_TOOL]} if calls else {}
    for model_name in ("chat", "claude"):
        told = await post(gateway, question(model=model_name, stream=is_stream, **tools))
        whole = chunks(told.body)[-1] if is_stream else told.json()
        assert whole["choices"][0]["finish_reason"] == finish
        tools_there: Any = {"tools": [{"name": "weather", "input_schema": {"type": "object"}}]} if calls else {}
        told = await post(gateway, message_question(model_name, stream=is_stream, **tools_there), path=MESSAGES)
        reasons = (
            [data["delta"]["stop_reason"] for name, data in events(told.body) if name == "message_delta"]
            if is_stream
            else [told.json()["stop_reason"]]
        )
        assert reasons == [stop]


async def test_an_answer_has_one_id_one_date_one_model_and_one_end(gateway: Running) -> None:
    """Point 10: chunks whose ids, dates and models differ upstream reach the caller with those of the first, and one end."""
    stream = b"".join(
        b"data: "
        + json.dumps(
            {
                "id": f"id-{number}",
                "created": number,
                "model": f"m-{number}",
                "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop" if number == 3 else None}],
            }
        ).encode()
        + b"\n\n"
        for number in (1, 2, 3)
    )
    async with Canned(gateway.ports["a"], stream + DONE + DONE, is_stream=True):
        answer = await post(gateway, question(stream=True, model="small"))
    assert {(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks(answer.body)} == {("id-1", 1, "small")}
    assert answer.body.count(DONE) == 1
    assert answer.body.endswith(DONE)


async def test_events_are_not_held_back(gateway: Running, simulate: Simulate) -> None:
    """Point 1: an event reaches the caller when it comes, not when the answer is complete."""
    server = await simulate("a", says("one two", pace={"between_tokens": "1s"}))
    async with call(gateway) as caller:
        await caller.send(request(gateway, question(stream=True)))
        await caller.reader.readuntil(b'"content":"one"')
        assert not server.seen[0].is_finished
