"""Chance that is the same everywhere: a draw is a hash of a seed and of what is drawn for."""

from hashlib import blake2b


def draw(seed: int, *parts: str | int) -> float:
    """Draw a number from [0, 1), always the same one for the same seed and parts."""
    text = "\x1f".join([str(seed), *map(str, parts)])
    return (int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 11) * 2.0**-53


def jittered(seconds: float, jitter: float, seed: int, *parts: str | int) -> float:
    """Lengthen or shorten a pause by a drawn share of at most ``jitter``."""
    return seconds * (1 + jitter * (2 * draw(seed, *parts) - 1)) if jitter and seconds else seconds
