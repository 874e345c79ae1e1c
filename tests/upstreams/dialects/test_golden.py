"""Every golden transcript, both ways, to the byte; and its outcome in the eyes of the official clients' types."""

from typing import Any

import msgspec
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from triplepoint.upstreams.dialects.model import Dialect

from .transcripts import Case, cases, compare, events_of, pretty, translated_stream

WHOLE: dict[Dialect, TypeAdapter[Any]] = {
    Dialect.CHAT: TypeAdapter(ChatCompletion),
    Dialect.MESSAGES: TypeAdapter(Message),
    Dialect.RESPONSES: TypeAdapter(Response),
}
STREAMED: dict[Dialect, TypeAdapter[Any]] = {
    Dialect.CHAT: TypeAdapter(ChatCompletionChunk),
    Dialect.MESSAGES: TypeAdapter(RawMessageStreamEvent),
    Dialect.RESPONSES: TypeAdapter(ResponseStreamEvent),
}
ALL = cases()


@pytest.mark.parametrize("case", ALL, ids=str)
def test_the_request_reaches_the_upstream_as_written(case: Case) -> None:
    """The upstream's request and the notices are those of the transcript."""
    way = case.exchange()
    compare(pretty(way.body), case.file("upstream_request.json"))
    compare("".join(f"{notice}\n" for notice in way.notices).encode(), case.file("notices.txt"))


@pytest.mark.parametrize("case", [case for case in ALL if not case.is_stream], ids=str)
def test_a_whole_answer_reaches_the_caller_as_written(case: Case) -> None:
    """The caller's answer is the transcript's, and the official client's type reads it strictly."""
    answer = case.exchange().answer(case.file("upstream_answer.json").read_bytes())
    compare(pretty(answer), case.file("answer.json"))
    WHOLE[case.caller].validate_json(answer)


@pytest.mark.parametrize("case", [case for case in ALL if case.is_stream], ids=str)
def test_a_stream_reaches_the_caller_as_written(case: Case) -> None:
    """The caller's stream is the transcript's to the byte, and the official client's types read each event."""
    stream = translated_stream(case)
    compare(stream, case.file("stream.txt"))
    for event in events_of(stream):
        if event.data != b"[DONE]":
            STREAMED[case.caller].validate_json(event.data)


@pytest.mark.parametrize("case", [case for case in ALL if case.is_stream and case.caller is Dialect.CHAT], ids=str)
def test_a_chat_stream_has_one_id_one_date_one_model_and_one_end(case: Case) -> None:
    """All chunks of an answer share id, date and model, and [DONE] comes once, last."""
    events = list(events_of(translated_stream(case)))
    heads = {
        (chunk["id"], chunk["created"], chunk["model"])
        for chunk in (msgspec.json.decode(event.data, type=dict[str, Any]) for event in events[:-1])
    }
    assert len(heads) == 1
    assert [event.data for event in events].index(b"[DONE]") == len(events) - 1


@pytest.mark.parametrize("case", [case for case in ALL if case.is_stream and case.caller is Dialect.RESPONSES], ids=str)
def test_a_response_stream_counts_its_events(case: Case) -> None:
    """Events are numbered from 0 without a gap."""
    numbers = [
        msgspec.json.decode(event.data, type=dict[str, Any])["sequence_number"] for event in events_of(translated_stream(case))
    ]
    assert numbers == list(range(len(numbers)))
