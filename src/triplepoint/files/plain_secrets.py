"""Finds secrets that stand in a file in plain text.

A field that is meant for a secret refuses anything but ``${NAME}`` by its type. Secrets also land where nobody expects them: in
a header, in the user part of an address, in a note. This looks at every text of a file. The value itself never appears in a
problem.
"""

import re
from collections.abc import Iterator
from typing import cast
from urllib.parse import urlsplit

from triplepoint.files.strict_yaml import Document, Path, key_text
from triplepoint.foundation.errors import Problem

MESSAGE = "a secret in plain text is refused"

_SECRET_VALUE = re.compile(
    r"\b(?:sk|tp|tpo|gsk|xai|rk|pk|hf|ghp|glpat)[-_][A-Za-z0-9_-]{16,}|\bAIza[A-Za-z0-9_-]{30,}|\b[Bb]earer\s+[A-Za-z0-9._~+/-]{12,}"
    r"|\bAKIA[A-Z0-9]{16}\b|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\."
)
_SECRET_HEADER = re.compile(
    r"(?:proxy-)?authorization|(?:x-)?(?:goog-)?api[-_]?key|(?:x-)?(?:auth|access)[-_]token|cookie|.*(?:password|secret).*",
    re.IGNORECASE,
)


def looks_secret(text: str) -> bool:
    """Tell whether a text has the form of a known kind of key."""
    return _SECRET_VALUE.search(text) is not None


def find(document: Document, file: str) -> list[Problem]:
    """Return a problem for each text that is, or holds, a secret."""
    return [
        Problem(file, document.line(path), key_text(path), message, fix_for(path))
        for path, text in _texts(document.value, ())
        if (message := _fault(path, text)) is not None
    ]


def fix_for(path: Path) -> str:
    """Word the way to write a secret at a path."""
    if path and path[-1] == "base_url":
        return "take user and password out of the address; put the key into the environment and write api_key: ${NAME}"
    if "headers" in path:
        return "headers hold no secrets: put it into the environment and write api_key: ${NAME} beside base_url"
    owner = next((str(part) for part in reversed(path[:-1]) if isinstance(part, str)), "UPSTREAM")
    name = re.sub(r"[^A-Z0-9]+", "_", f"{owner}_{path[-1] if path else 'KEY'}".upper()).strip("_")
    return f"put it into the environment and write ${{NAME}}, such as {path[-1] if path else 'api_key'}: ${{{name}}}"


def _fault(path: Path, text: str) -> str | None:
    if looks_secret(text):
        return MESSAGE
    if "headers" in path and _SECRET_HEADER.fullmatch(str(path[-1])):
        return "a header that carries a secret is refused"
    return MESSAGE if "://" in text and _has_user(text) else None


def _has_user(text: str) -> bool:
    try:
        return "@" in urlsplit(text.strip()).netloc
    except ValueError:  # not an address after all
        return False


def _texts(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in cast("dict[str, object]", value).items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(cast("list[object]", value)):
            yield from _texts(item, (*path, position))
