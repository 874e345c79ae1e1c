"""How many parameters a model has, as far as its name says.

Names of open models say it by custom: ``llama-3.1-70b``, ``qwen3-30b-a3b`` (30 billion, of which 3 work on each token),
``mixtral-8x7b``. Nothing else is guessed: of a closed model nobody outside knows, and the estimate covers every size.
"""

import re
from typing import NamedTuple

_SIZE = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)([bm])(?![a-z0-9])")
_ACTIVE = re.compile(r"(?<![a-z0-9])a(\d+(?:\.\d+)?)b(?![a-z0-9])")
_EXPERTS = re.compile(r"(?<![a-z0-9])\d+(?:x\d+(?:\.\d+)?b|b-\d+e)(?![a-z0-9])")


class Size(NamedTuple):
    """Billions of parameters."""

    active_b: float
    """Working on each token."""
    total_b: float


def size_in_name(name: str) -> Size | None:
    """Read a size from a model's name; None where it says none, or not enough (``8x7b`` shares parts that it does not tell)."""
    low = name.rsplit("/", 1)[-1].lower().replace("_", "-")
    if _EXPERTS.search(low):
        return None
    sizes = [float(number) / (1000 if unit == "m" else 1) for number, unit in _SIZE.findall(low)]
    if len(sizes) != 1:
        return None
    active = _ACTIVE.search(low)
    return Size(min(float(active[1]), sizes[0]) if active else sizes[0], sizes[0])
