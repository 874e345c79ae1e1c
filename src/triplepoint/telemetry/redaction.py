"""Keep prompts, keys and secrets out of whatever is written down: by type first, by pattern last.

By type: only plain scalars pass (text, numbers, booleans, None, and values that are names or moments, such as enums, ids,
decimals, paths, dates). A request body, a `msgspec.Raw`, a struct, a dictionary, an exception, a `Secret` is replaced by the
name of its type, whatever it holds. By pattern: in text that does pass, what looks like a key is masked. The second is a net
under the first, not a reason to hand text about: no call may log a caller's words.
"""

import datetime
import enum
import re
from decimal import Decimal
from pathlib import PurePath
from typing import Final

TEXT_LIMIT: Final = 500
"""Characters of one value; longer text is cut, since no name or reason is longer."""

_MASK: Final = "…"
_KEYS: Final = re.compile(
    r"""
    (?P<kept>\b(?:tp|tpo|sk|pk|rk|gsk|xai|hf|ghp|key)[-_])[A-Za-z0-9_\-]{8,}  # keys with a maker's prefix, ours among them
    | (?P<scheme>\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=\-]{6,}                # an authorization header
    | (?P<field>\b(?:api[-_]?key|x-api-key|authorization|password|secret|token)["']?\s*[:=]\s*["']?)[^\s"',;&]{4,}
    | (?P<user>://[^/\s:@]{1,256}:)[^/\s@]{1,256}(?=@)                        # a password inside an address
    """,
    re.VERBOSE | re.IGNORECASE,
)


def mask_keys(text: str) -> str:
    """Mask what looks like a key or a password; the part that says of which kind it was stays."""
    return _KEYS.sub(_mask, text)


def plain(value: object) -> str | int | float | bool | None:
    """Reduce a value to what may be written down: a scalar as it is, anything else to the name of its type."""
    match value:
        case None | bool() | int() | float():
            return value
        case enum.Enum():
            return plain(value.value)
        case str():
            return mask_keys(_cut(value))
        case Decimal() | PurePath() | datetime.date() | datetime.timedelta():
            return mask_keys(_cut(str(value)))
        case _:
            return f"<{type(value).__name__}>"


def _mask(match: re.Match[str]) -> str:
    kept = next((text for text in match.groups() if text is not None), "")
    return f"{kept}{_MASK}"


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else f"{text[:TEXT_LIMIT]}… ({len(text)} characters)"
