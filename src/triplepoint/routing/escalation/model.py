"""What a check reads, and what it says."""

import msgspec

from triplepoint.lineups.model import Check
from triplepoint.routing.answers.model import Wanted


class Asked(msgspec.Struct, frozen=True, gc=False):
    """What a request asks, as far as checks go by it."""

    text: str = ""
    """Words of the last user turn, of a long one the two ends."""
    wanted: Wanted = Wanted()
    """Form of the answer that its parameters ask for."""
    tools: dict[str, bytes] = {}
    """JSON schema of each tool's arguments, as JSON text, by the tool's name; empty where it has none."""
    room_tokens: int | None = None
    """Most that the answer may have, as its caller or the plan says; None: neither says."""


class Finding(msgspec.Struct, frozen=True, gc=False):
    """Why an answer will not do."""

    check: Check
    words: str
    """As it stands on the receipt, after ``escalated from mini:``: which check failed and how often, never what was said."""
