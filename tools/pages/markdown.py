"""Small pieces of Markdown that the pages share."""

import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; bars in cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def prose(text: str | None) -> str:
    """Write a docstring as one paragraph: lines joined, its two ways of marking code made one."""
    joined = " ".join((text or "").split())
    return re.sub(r"``([^`]+)``", r"`\1`", joined)


def first_sentence(text: str | None) -> str:
    """Return the first paragraph of a docstring, without its sections."""
    return prose(re.split(r"\n\s*\n|\n\s*(?:Args|Returns|Raises):", (text or "").strip())[0])


def code(text: str) -> str:
    """Mark a text as code."""
    return f"`{text}`"
