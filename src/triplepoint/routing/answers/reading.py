"""Reads what was said out of an answer in the caller's dialect: a whole body, or the events of a stream.

Only the first choice is read. Nothing raises: what is no answer, or not a whole one, is None.
"""

from typing import Any, assert_never

import msgspec

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.routing.answers.lenient import list_of, members_of
from triplepoint.routing.answers.model import Call, Said
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.dialects.reader import UNREADABLE
from triplepoint.upstreams.dialects.sse import SseFramer, parse

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_CUT = frozenset({"length", "max_tokens", "model_context_window_exceeded", "max_output_tokens"})
_FILTERED = frozenset({"content_filter", "refusal"})

Members = dict[str, Any]


def read_answer(body: bytes, dialect: Dialect) -> Said | None:
    """Read a whole answer; None where it is none."""
    try:
        return _read(_decode(body), dialect)
    except UNREADABLE:
        return None


def read_stream(events: bytes, dialect: Dialect) -> Said | None:
    """Read a streamed answer from all of its events; None where its last event is missing."""
    try:
        data = [event for block in SseFramer().blocks(events) if (event := parse(block)) is not None]
        match dialect:
            case Dialect.CHAT:
                return _chat_chunks([event.data for event in data])
            case Dialect.RESPONSES:
                return _responses_end([members_of(_decode(event.data)) for event in data if event.data != b"[DONE]"])
            case Dialect.MESSAGES:
                return _messages_events([members_of(_decode(event.data)) for event in data])
            case _:
                assert_never(dialect)
    except (*UNREADABLE, UpstreamFault):
        return None


def _read(value: object, dialect: Dialect) -> Said | None:
    match dialect:
        case Dialect.CHAT:
            return _chat(members_of(value))
        case Dialect.RESPONSES:
            return _responses(members_of(value))
        case Dialect.MESSAGES:
            return _messages(members_of(value))
        case _:
            assert_never(dialect)


def _chat(answer: Members) -> Said | None:
    choices = list_of(answer.get("choices"))
    if not choices:
        return None
    choice = members_of(choices[0])
    message, finish = members_of(choice.get("message")), choice.get("finish_reason")
    functions = [members_of(members_of(call).get("function")) for call in list_of(message.get("tool_calls"))]
    calls = tuple(Call(_text(one.get("name")), _text(one.get("arguments"))) for one in functions)
    return _said(_joined(message.get("content")), _text(message.get("refusal")), calls, finish)


def _chat_chunks(data: list[bytes]) -> Said | None:
    """Put the deltas of the first choice together."""
    if not data or data[-1] != b"[DONE]":
        return None
    texts: dict[str, list[str]] = {"content": [], "refusal": []}
    calls: dict[int, tuple[list[str], list[str]]] = {}
    finish: object = None
    has_begun = False
    for one in data[:-1]:
        for choice in map(members_of, list_of(members_of(_decode(one)).get("choices"))):
            if choice.get("index", 0) != 0:
                continue
            has_begun = True
            finish = choice.get("finish_reason") or finish
            delta = members_of(choice.get("delta"))
            for name, pieces in texts.items():
                pieces.append(_text(delta.get(name)))
            for call in map(members_of, list_of(delta.get("tool_calls"))):
                names, arguments = calls.setdefault(_whole(call.get("index")), ([], []))
                function = members_of(call.get("function"))
                names.append(_text(function.get("name")))
                arguments.append(_text(function.get("arguments")))
    if not has_begun:
        return None
    made = tuple(Call("".join(names), "".join(arguments)) for _, (names, arguments) in sorted(calls.items()))
    return _said("".join(texts["content"]), "".join(texts["refusal"]), made, finish)


def _responses(answer: Members) -> Said | None:
    if "output" not in answer or _text(answer.get("status")) not in {"completed", "incomplete", ""}:
        return None
    texts: list[str] = []
    refusals: list[str] = []
    calls: list[Call] = []
    for item in map(members_of, list_of(answer["output"])):
        if item.get("type") == "function_call":
            calls.append(Call(_text(item.get("name")), _text(item.get("arguments"))))
        for part in map(members_of, list_of(item.get("content")) if item.get("type") == "message" else []):
            texts.append(_text(part.get("text")))
            refusals.append(_text(part.get("refusal")))
    reason = members_of(answer.get("incomplete_details")).get("reason")
    return _said("".join(texts), "".join(refusals), tuple(calls), reason)


def _responses_end(events: list[Members]) -> Said | None:
    """Read the response that the last event holds."""
    if not events or _text(events[-1].get("type")) not in {"response.completed", "response.incomplete"}:
        return None
    return _responses(members_of(events[-1].get("response")))


def _messages(answer: Members) -> Said | None:
    if "content" not in answer:
        return None
    blocks = [members_of(block) for block in list_of(answer["content"])]
    text = "".join(_text(block.get("text")) for block in blocks if block.get("type") == "text")
    used = [block for block in blocks if block.get("type") == "tool_use"]
    calls = tuple(Call(_text(block.get("name")), _encode(block.get("input")).decode()) for block in used)
    return _said(text, "", calls, answer.get("stop_reason"))


def _messages_events(events: list[Members]) -> Said | None:
    """Put the deltas of all blocks together."""
    if not events or events[-1].get("type") != "message_stop":
        return None
    texts: list[str] = []
    calls: dict[int, tuple[str, list[str]]] = {}
    finish: object = None
    for event in events:
        delta = members_of(event.get("delta"))
        match event.get("type"):
            case "content_block_start":
                block = members_of(event.get("content_block"))
                if block.get("type") == "tool_use":
                    calls[_whole(event.get("index"))] = (_text(block.get("name")), [])
                texts.append(_text(block.get("text")))
            case "content_block_delta":
                texts.append(_text(delta.get("text")))
                if (call := calls.get(_whole(event.get("index")))) is not None:
                    call[1].append(_text(delta.get("partial_json")))
            case "message_delta":
                finish = delta.get("stop_reason") or finish
            case _:
                pass
    made = tuple(Call(name, "".join(pieces) or "{}") for _, (name, pieces) in sorted(calls.items()))
    return _said("".join(texts), "", made, finish)


def _said(text: str, refusal: str, calls: tuple[Call, ...], finish: object) -> Said:
    why = _text(finish)
    return Said(text or refusal, calls, is_cut=why in _CUT, refused=bool(refusal) or why in _FILTERED)


def _joined(content: object) -> str:
    if isinstance(content, str):
        return content
    return "".join(_text(members_of(part).get("text")) for part in list_of(content))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
