"""The name that was probably meant."""

import difflib
from collections.abc import Iterable

_SHOWN = 12


def nearest(wrong: str, known: Iterable[str]) -> list[str]:
    """Return the known names, the most similar first and the others in their order."""
    names = list(known)
    close = difflib.get_close_matches(wrong.lower(), [name.lower() for name in names], n=3, cutoff=0.6)
    first = [name for near in close for name in names if name.lower() == near]
    return list(dict.fromkeys(first + names))


def suggest(wrong: str, known: Iterable[str], what: str) -> str:
    """Word a fix for a wrong name: the likeliest, then what else there is.

    Args:
        wrong: What was written.
        known: What could have been.
        what: Noun in the plural, such as ``upstreams``.
    """
    names = nearest(wrong, known)
    if not names:
        return f"there are no {what} yet"
    listed = ", ".join(names[:_SHOWN]) + (f", … ({len(names)} in all)" if len(names) > _SHOWN else "")
    if _is_close(wrong, names[0]):
        return f"did you mean {names[0]}? {what}: {listed}"
    return f"{what}: {listed}"


def _is_close(wrong: str, name: str) -> bool:
    return difflib.SequenceMatcher(None, wrong.lower(), name.lower()).ratio() >= 0.6
