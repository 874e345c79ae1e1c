"""Signal `json_output`: structured output is asked for in the request's own field, where an upstream enforces it.

Words that ask for JSON are `structure`: any model can be asked in words.
"""

from typing import Final, assert_never

import msgspec

from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.texts import RawFields, decode_or_none

_KINDS: Final = frozenset({"json_object", "json_schema"})


class _Format(msgspec.Struct):
    type: object = None


class _Output(msgspec.Struct):
    format: _Format | None = None


_FORMAT: Final = msgspec.json.Decoder(_Format)
_OUTPUT: Final = msgspec.json.Decoder(_Output)


def asks_json(fields: RawFields, dialect: Dialect) -> bool:
    """Tell whether a request asks for structured output, in its dialect's field."""
    match dialect:
        case Dialect.CHAT:
            return "response_format" in fields and _is_json(_format(fields["response_format"]))
        case Dialect.RESPONSES:
            return "text" in fields and _is_json(_nested(fields["text"]))
        case Dialect.MESSAGES:  # the field that took its place, and the one that structured output began with
            return ("output_config" in fields and _is_json(_nested(fields["output_config"]))) or (
                "output_format" in fields and _is_json(_format(fields["output_format"]))
            )
        case _:
            assert_never(dialect)


def _is_json(format_: _Format | None) -> bool:
    return format_ is not None and isinstance(format_.type, str) and format_.type in _KINDS


def _format(raw: msgspec.Raw) -> _Format | None:
    return decode_or_none(_FORMAT, raw)


def _nested(raw: msgspec.Raw) -> _Format | None:
    output = decode_or_none(_OUTPUT, raw)
    return None if output is None else output.format
