"""How an upstream says in which service tier it processed a request, and what it did beside writing tokens.

Vendors name the same thing differently; the price book knows one word for each. What they all call by default is standard
processing, here ``None``. A word that nobody here knows is kept as it is: then no price row has it, and the cost is unknown,
which is right.
"""

import re

import msgspec

from triplepoint.upstreams.dialects.reader import members, value_of

_STANDARD = frozenset({"default", "auto", "standard", "on_demand"})
"""OpenAI's, Anthropic's and Groq's words for standard processing; ``auto`` is what was asked, told before it is known."""
_TIER = re.compile(r"[a-z0-9][a-z0-9_.-]{0,31}")
UNRECOGNISED = "unrecognised"
"""Service tier of an upstream whose word for it is none: not standard, and priced by no row."""
_FREE_ACTIONS = frozenset({"open_page", "find_in_page"})
"""Steps of a web search call that read a page already found; only the search itself is charged."""


def service_tier(value: object) -> str | None:
    """Return the service tier that an upstream reports, in the price book's words; None for standard processing."""
    if value is None:
        return None
    if not isinstance(value, str) or not _TIER.fullmatch(value.lower()):
        return UNRECOGNISED
    word = value.lower()
    return None if word in _STANDARD else word


def pieces_in(output: msgspec.Raw) -> tuple[int, int]:
    """Count what a response's items say was made beside text; free of cost where there is nothing.

    Returns: Searches of the web, and pictures made.
    Raises: UpstreamFault: the items are no JSON.
    """
    written = bytes(output)
    if b"web_search_call" not in written and b"image_generation_call" not in written:
        return 0, 0
    items = value_of(output)
    made = list(map(members, items)) if isinstance(items, list) else []  # pyright: ignore[reportUnknownArgumentType]
    return sum(map(_is_search, made)), sum(map(_is_picture, made))


def _is_search(item: dict[str, object]) -> bool:
    if item.get("type") != "web_search_call" or item.get("status") == "failed":
        return False
    return members(item.get("action")).get("type") not in _FREE_ACTIONS


def _is_picture(item: dict[str, object]) -> bool:
    return item.get("type") == "image_generation_call" and item.get("status") != "failed"
