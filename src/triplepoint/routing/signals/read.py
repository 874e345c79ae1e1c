"""Read a request: its signals, and its words where a router wants them. The one entry point of the folder.

One pass over the structure: the conversation is taken apart once, each of the texts that are read is decoded once, and the
words of each are looked up once for all signals. Cheap, bounded, and deaf to nonsense: nothing here raises. A field of the
wrong shape leaves its signals neutral, and the dialect or the upstream refuses it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from triplepoint.routing.model import Signals
from triplepoint.routing.signals import code, continuation, hardness, language, maths, structure
from triplepoint.routing.signals.images import attached_images
from triplepoint.routing.signals.json_output import asks_json
from triplepoint.routing.signals.request_class import request_class_of
from triplepoint.routing.signals.tags import task_of
from triplepoint.routing.signals.tokens import input_tokens
from triplepoint.routing.signals.tools import is_tool_loop, offers_tools
from triplepoint.routing.signals.turns import read_turns
from triplepoint.routing.signals.words import words_of
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.texts import RawFields, conversation

NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})
VOCABULARY: Final = code.WORDS | maths.WORDS | structure.WORDS | hardness.WORDS | language.WORDS
"""One look-up for all lists."""


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What was read of a request."""

    signals: Signals
    text: str = ""
    """Words of the last three turns, newest last, cut to what is read; empty where they were not asked for."""


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
    """
    items = conversation(fields, dialect)
    turns = read_turns(items)
    images = attached_images(fields, dialect, items)
    last, earlier, answered = (words_of(text, VOCABULARY) for text in (turns.last, turns.earlier, turns.answered))
    asked = tuple(words for words in (last, earlier) if words.text)
    pieces = (*asked, answered) if answered.text else asked
    signals = Signals(
        input_tokens=input_tokens(fields, dialect, items, images),
        language=language.language_of(asked, answered),
        code=code.is_code(pieces),
        maths=maths.is_maths(pieces),
        hard=hardness.is_hard(last),
        tools=offers_tools(fields, dialect),
        tool_loop=is_tool_loop(items, dialect),
        json_output=asks_json(fields, dialect),
        structure=structure.asks_structure(asked),
        images=images > 0,
        turns=turns.number,
        last_text_chars=turns.last_chars,
        earlier_hard=turns.number > 1 and continuation.is_earlier_hard(last, (earlier, answered)),
        request_class=request_class_of(headers, fields, dialect, items=items, last=turns.last),
        task=task_of(tags),
    )
    return Reading(signals, turns.text if wants_text else "")
