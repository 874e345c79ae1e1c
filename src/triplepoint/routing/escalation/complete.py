"""Is there an answer, and is it whole?"""

from typing import Final

from triplepoint.routing.answers.model import Said
from triplepoint.routing.escalation.model import Asked

_ROOM_TOKENS: Final = 256
"""With less room than this, another model's answer would be cut as well."""


def is_cut_short(said: Said, asked: Asked) -> bool:
    """Tell whether an answer ended for want of room that nobody wanted it to have: its caller asked for the beginning alone."""
    return said.is_cut and asked.room_tokens is not None and asked.room_tokens < _ROOM_TOKENS


def why_incomplete(said: Said | None) -> str | None:
    """Say why an answer is not whole; None where it is.

    Args:
        said: None: what came cannot be read as an answer, or broke off.
    """
    if said is None:
        return "it broke off"
    if said.is_empty and not said.refused:
        return "it was empty"
    if said.is_cut:
        return "it ended for want of room"
    return None
