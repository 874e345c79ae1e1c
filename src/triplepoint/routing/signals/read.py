"""Read a request's signals: cheap, bounded, and deaf to nonsense.

The last three turns are looked at, not the last message alone: a short "yes, go on" after a turn about code is still about
code. A turn is what a person says with everything up to the next time; a tool's result continues it. Of each text at most
4,000 characters are read (its two ends, where the question stands when a document is pasted), of all together 8,000, newest
first; so a request of megabytes costs one scan of its structure and no more. Instructions of the application are not looked
at: a system prompt that speaks of code says what the application is for, not what this request asks.

Nothing here raises. A field of the wrong shape leaves its signals neutral, and the dialect or the upstream refuses it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, assert_never

import msgspec

from triplepoint.routing.model import Signals
from triplepoint.routing.signals.topics import topics_of
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.texts import (
    Item,
    RawFields,
    conversation,
    count_images,
    decode_or_none,
    elements_of,
    estimate_input_tokens,
    text_of,
)

TURNS_READ: Final = 3
CHARACTERS_READ: Final = 8_000
CHARACTERS_OF_A_TEXT: Final = 4_000

_SPOKEN: Final = frozenset({"user", "assistant", "tool", None})
"""Roles whose words are looked at; an item without a role is a tool's call or result in a responses input."""
_JSON_FORMATS: Final = frozenset({"json_object", "json_schema"})


class _Format(msgspec.Struct):
    type: object = None


class _Output(msgspec.Struct):
    format: _Format | None = None


_FORMAT: Final = msgspec.json.Decoder(_Format)
_OUTPUT: Final = msgspec.json.Decoder(_Output)


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What was read of a request."""

    signals: Signals
    text: str = ""
    """Words of the last three turns, newest last, cut to what is read; empty where they were not asked for."""


NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})


def read_request(
    fields: RawFields,
    dialect: Dialect,
    *,
    headers: Mapping[bytes, bytes] = NOTHING,
    tags: Mapping[str, str] = NOTHING,
    wants_text: bool = False,
) -> Reading:
    """Read a request's signals, and its words where they are wanted.

    Args:
        fields: Top-level members of the body, as the wire left them; they need not be valid.
        dialect: Dialect that the caller speaks.
        headers: Of the request, names in lower case.
        tags: As the caller gave them.
        wants_text: The router reads words, not signals alone.
    Returns: Signals, neutral wherever the request has not its dialect's shape.
    """
    items = conversation(fields, dialect)
    starts = [index for index, item in enumerate(items) if item.is_user_turn()]
    recent = items[starts[-TURNS_READ] :] if len(starts) >= TURNS_READ else items
    text = _recent_text(recent)
    code, maths = topics_of(text)
    signals = Signals(
        input_tokens=estimate_input_tokens(fields, dialect),
        code=code,
        maths=maths,
        tools=_offers(fields, "tools") or _offers(fields, "functions"),
        json_output=_asks_json(fields, dialect),
        images=count_images(fields, dialect) > 0,
        turns=len(starts),
        last_text_chars=len(text_of(items[starts[-1]].content)) if starts else 0,
        task=tags.get("task", ""),
    )
    return Reading(signals, text if wants_text else "")


def _recent_text(items: list[Item]) -> str:
    """Join the newest texts until there is enough to read."""
    texts: list[str] = []
    room = CHARACTERS_READ
    for item in reversed(items):
        if not _is_spoken(item.role):
            continue
        for content in (item.content, item.output):
            text = _ends(text_of(content), min(room, CHARACTERS_OF_A_TEXT))
            if text:
                texts.append(text)
                room -= len(text)
        if room <= 0:
            break
    return "\n".join(reversed(texts))


def _is_spoken(role: object) -> bool:
    return (role is None or isinstance(role, str)) and role in _SPOKEN


def _ends(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n{text[-half:]}" if half else ""


def _offers(fields: RawFields, name: str) -> bool:
    raw = fields.get(name)
    return raw is not None and bool(elements_of(raw))


def _asks_json(fields: RawFields, dialect: Dialect) -> bool:
    match dialect:
        case Dialect.CHAT:
            return _is_json(_format(fields.get("response_format")))
        case Dialect.RESPONSES:
            return _is_json(_nested_format(fields.get("text")))
        case Dialect.MESSAGES:  # the field that structured output began with, and the one that took its place
            return _is_json(_format(fields.get("output_format"))) or _is_json(_nested_format(fields.get("output_config")))
        case _:
            assert_never(dialect)


def _is_json(format_: _Format | None) -> bool:
    return format_ is not None and isinstance(format_.type, str) and format_.type in _JSON_FORMATS


def _format(raw: msgspec.Raw | None) -> _Format | None:
    return None if raw is None else decode_or_none(_FORMAT, raw)


def _nested_format(raw: msgspec.Raw | None) -> _Format | None:
    output = None if raw is None else decode_or_none(_OUTPUT, raw)
    return None if output is None else output.format
