"""Quantities as people write them in files: ``30s``, ``250ms``, ``32MiB``; a bare number is refused, its unit unknown."""

import re

_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)")


def parse_duration(text: str) -> float:
    """Read a duration such as ``250ms`` or ``10m``.

    Returns: Seconds.
    Raises: ValueError: with the units that would have been right.
    """
    return _parse(text, _SECONDS, "a duration such as 30s")


def parse_size(text: str) -> int:
    """Read a size such as ``32MiB``.

    Returns: Bytes.
    Raises: ValueError: with the units that would have been right.
    """
    return int(_parse(text, _BYTES, "a size such as 32MiB"))


def _parse(text: str, units: dict[str, float] | dict[str, int], example: str) -> float:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or match[2] not in units:
        raise ValueError(f"{text!r} is not {example}; its unit is one of {', '.join(units)}")
    return float(match[1]) * units[match[2]]
