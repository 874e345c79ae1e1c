"""Reads the Markdown of this repository: fenced blocks, links, headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted(
    [*ROOT.glob("*.md"), *(page for folder in ("docs", "examples", "data") for page in ROOT.joinpath(folder).rglob("*.md"))]
)

_FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>[a-z]*)[^\n]*\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)(?: \"[^\"]*\")?\)|<(?:img|a)\b[^>]*?(?:src|href)=\"(?P<html>[^\"]+)\"")
_HEADING = re.compile(r"^#{1,6} (?P<text>.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block."""

    page: Path
    line: int
    kind: str
    """Word behind the fence."""
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path, *kinds: str) -> Iterator[Block]:
    """Yield the fenced blocks of some kinds."""
    text = page.read_text("utf-8")
    for found in _FENCE.finditer(text):
        if found["kind"] in kinds:
            inner = re.sub(rf"^{found['indent']}", "", found["text"], flags=re.MULTILINE)
            yield Block(page, text.count("\n", 0, found.start()) + 1, found["kind"], inner)


def links(page: Path) -> Iterator[str]:
    """Yield the targets of the links and pictures of a page, code left out."""
    prose = re.sub(r"`[^`\n]*`", "", _FENCE.sub("", page.read_text("utf-8")))
    for found in _LINK.finditer(prose):
        yield unquote(found["target"] or found["html"])


def anchors(page: Path) -> set[str]:
    """Return the fragments that a page's headings make, as GitHub makes them."""
    made: set[str] = set()
    for found in _HEADING.finditer(_FENCE.sub("", page.read_text("utf-8"))):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", found["text"]).lower()
        base = re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")
        numbered = (f"{base}-{number}" if number else base for number in range(100))
        made.add(next(one for one in numbered if one not in made))
    return made
