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


def web_searches_in(output: msgspec.Raw) -> int:
    """Count the searches among the items of a response; free of cost where there are none.

    Raises: UpstreamFault: the items are no JSON.
    """
    if b"web_search_call" not in bytes(output):
        return 0
    items = value_of(output)
    return sum(map(_is_search, items)) if isinstance(items, list) else 0  # pyright: ignore[reportUnknownArgumentType]


def _is_search(item: object) -> bool:
    fields = members(item)
    if fields.get("type") != "web_search_call" or fields.get("status") == "failed":
        return False
    return members(fields.get("action")).get("type") not in _FREE_ACTIONS
