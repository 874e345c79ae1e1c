"""Short ways to translate in a test."""

from typing import Any

import msgspec

from triplepoint.upstreams.dialects.model import Dialect, Event, EventTranslator, Exchange
from triplepoint.upstreams.dialects.translate import exchange

from .transcripts import StoppedClock

Json = dict[str, Any]
CHAT, MESSAGES, RESPONSES = Dialect.CHAT, Dialect.MESSAGES, Dialect.RESPONSES
PATHS = [(MESSAGES, CHAT), (CHAT, MESSAGES), (RESPONSES, CHAT), (RESPONSES, MESSAGES)]


def carry(
    request: Json, caller: Dialect, upstream: Dialect, *, model: str = "example-large", by_schema: bool = False
) -> Exchange:
    """Translate a request."""
    fields = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in request.items()}
    return exchange(
        fields,
        caller=caller,
        upstream=upstream,
        asked_model="regular",
        upstream_model=model,
        max_output_tokens=4096,
        tools_by_schema=by_schema,
        clock=StoppedClock(),
    )


def body(way: Exchange) -> Json:
    """Read the upstream's request."""
    return msgspec.json.decode(msgspec.json.encode(way.body), type=dict[str, Any])


def answered(way: Exchange, answer: Json) -> Json:
    """Read the caller's answer."""
    return msgspec.json.decode(way.answer(msgspec.json.encode(answer)), type=dict[str, Any])


def told(translator: EventTranslator, *events: Json) -> list[Json]:
    """Feed events; returns the data of what comes out, ``[DONE]`` left out."""
    out = [event for given in events for event in translator.feed(Event(b"", msgspec.json.encode(given)))]
    return [msgspec.json.decode(event.data, type=dict[str, Any]) for event in out if event.data != b"[DONE]"]


def done(translator: EventTranslator) -> list[Json]:
    """Feed chat's last event."""
    out = translator.feed(Event(b"", b"[DONE]"))
    return [msgspec.json.decode(event.data, type=dict[str, Any]) for event in out if event.data != b"[DONE]"]


def completion(message: Json, finish: str = "stop", **members: Any) -> Json:
    """Build a chat completion."""
    choice = {"index": 0, "message": {"role": "assistant"} | message, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]} | members


def chunk(delta: Json, finish: str | None = None, **members: Any) -> Json:
    """Build a chat completion's chunk."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]} | members


def message(content: list[Json], stop: str = "end_turn", **members: Any) -> Json:
    """Build a message."""
    usage = {"input_tokens": 3, "output_tokens": 5}
    head: Json = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": content}
    return head | {"stop_reason": stop, "stop_sequence": None, "usage": usage} | members
