"""Bodies of requests, cut apart as the wire does."""

import json
from typing import Any

import msgspec

from triplepoint.upstreams.dialects.model import Dialect

CONVERSATION = {Dialect.CHAT: "messages", Dialect.RESPONSES: "input", Dialect.MESSAGES: "messages"}


def fields_of(body: dict[str, Any], *, escaped: bool = False) -> dict[str, msgspec.Raw]:
    """Cut a body apart.

    Args:
        escaped: What is not ASCII is written with escapes.
    """
    return msgspec.json.decode(json.dumps(body, ensure_ascii=escaped).encode(errors="replace"), type=dict[str, msgspec.Raw])


def said(*texts: str) -> list[dict[str, str]]:
    """Make a conversation of alternating user and assistant texts."""
    return [{"role": ("user", "assistant")[index % 2], "content": text} for index, text in enumerate(texts)]
