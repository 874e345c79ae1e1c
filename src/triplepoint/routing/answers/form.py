"""Has an answer the form that was asked for?"""

import msgspec

from triplepoint.routing.answers.model import Said, Wanted
from triplepoint.routing.answers.schema import TooDeep, keeps_to

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_decode = msgspec.json.Decoder().decode


def has_form(said: Said, wanted: Wanted) -> bool | None:
    """Tell whether an answer is whole and in the form that was asked for.

    Returns: None where that cannot be told: its schema is too deep to be followed.
    """
    if said.is_empty or said.is_cut:
        return False
    if wanted.must_call and not said.calls:
        return False
    if said.calls:  # of calls, the arguments are JSON
        return all(_json(call.arguments) is not _NO_JSON for call in said.calls)
    if not wanted.json:
        return True
    value = _json(said.text)
    if value is _NO_JSON:
        return False
    try:
        return not wanted.schema or keeps_to(value, _decode(wanted.schema))
    except (TooDeep, *_UNREADABLE):
        return None


def same_json(one: str, other: str) -> bool:
    """Tell whether two texts are the same JSON value, however it is written."""
    value = _json(one)
    return value is not _NO_JSON and value == _json(other)


_NO_JSON = object()


def _json(text: str) -> object:
    try:
        return _decode(text)
    except _UNREADABLE:
        return _NO_JSON
