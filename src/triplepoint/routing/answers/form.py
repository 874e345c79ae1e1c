"""Has an answer the form that was asked for?"""

import msgspec

from triplepoint.routing.answers.lenient import NO_JSON, json_of
from triplepoint.routing.answers.model import Said, Wanted
from triplepoint.routing.answers.schema import TooDeep, keeps_to
from triplepoint.upstreams.dialects.reader import UNREADABLE


def has_form(said: Said, wanted: Wanted) -> bool | None:
    """Tell whether an answer is whole and in the form that was asked for.

    Returns: None where that cannot be told: its schema is too deep to be followed.
    """
    if said.is_empty or said.is_cut:
        return False
    if wanted.must_call and not said.calls:
        return False
    if said.calls:  # of calls, the arguments are JSON
        return all(json_of(call.arguments) is not NO_JSON for call in said.calls)
    if not wanted.json:
        return True
    value = json_of(said.text)
    if value is NO_JSON:
        return False
    try:
        return not wanted.schema or keeps_to(value, msgspec.json.decode(wanted.schema))
    except (TooDeep, *UNREADABLE):
        return None


def same_json(one: str, other: str) -> bool:
    """Tell whether two texts are the same JSON value, however it is written."""
    value = json_of(one)
    return value is not NO_JSON and value == json_of(other)
