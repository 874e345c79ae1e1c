"""Holds what a file says against a type, and words every fault for the one who has to mend it.

Pydantic finds the faults; its own words are for programmers. Here each becomes a `Problem` with the line, the key as written,
what is wrong, and a fix that can be copied: the nearest known key, an example with its unit, the form of a secret. A type of
ours that refuses a value raises `PydanticCustomError` with its own ``fix`` in the context.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from triplepoint.files import plain_secrets
from triplepoint.files.nearest import suggest
from triplepoint.files.strict_yaml import Document, key_text, read_yaml
from triplepoint.files.types import Spot, allowed_kinds, locate
from triplepoint.foundation.errors import Problem

T = TypeVar("T", bound=BaseModel)

MAX_FILE_BYTES = 16 * 2**20
"""Larger files are not read: nobody writes them by hand, and the parser would take seconds."""

_KINDS_OF_VALUE = {
    "string_type": ("text", 'write it in quotes, such as "{value}"'),
    "int_type": ("a whole number", "write digits without quotes"),
    "float_type": ("a number", "write digits without quotes"),
    "bool_type": ("true or false", "write true or false, without quotes"),
    "list_type": ("a list", "write each item on its own line after '- '"),
    "dict_type": ("a mapping", "write 'name: value' lines below it, indented"),
    "model_type": ("a mapping", "write 'key: value' lines below it, indented"),
    "model_attributes_type": ("a mapping", "write 'key: value' lines below it, indented"),
    "date_from_datetime_parsing": ("a date", "write it as YEAR-MONTH-DAY, such as 2026-11-20"),
    "date_parsing": ("a date", "write it as YEAR-MONTH-DAY, such as 2026-11-20"),
    "date_type": ("a date", "write it as YEAR-MONTH-DAY, such as 2026-11-20"),
}
_BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "less than"),
}


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """A file, read and checked."""

    name: str
    """As problems call it, such as ``lineups/spring.yaml``."""
    value: T | None
    """None where it has problems."""
    document: Document
    problems: tuple[Problem, ...]

    def problem(self, path: tuple[str | int, ...], message: str, fix: str) -> Problem:
        """Make a problem at a key of this file, for checks across files."""
        return Problem(self.name, self.document.line(path), key_text(path), message, fix)


def read_file(path: Path, model: type[T], *, name: str) -> Reading[T]:
    """Read a YAML file and check it against a type.

    Args:
        path: Where it is.
        model: What it must be.
        name: What problems call it.
    Returns: The value or the problems; it never raises for what the file holds.
    """
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_FILE_BYTES else None
    except OSError as error:
        return _unreadable(name, f"cannot be read: {error.strerror}", "make it a file that this user may read")
    if data is None:
        return _unreadable(name, f"larger than {MAX_FILE_BYTES} bytes", "split it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return _unreadable(name, f"not UTF-8: byte {error.start}", "save it as UTF-8", line=line)
    return check_text(text, model, name=name)


def check_text(text: str, model: type[T], *, name: str) -> Reading[T]:
    """Read YAML text and check it against a type; as `read_file`."""
    document = read_yaml(text, file=name)
    problems = list(document.problems)
    if document.value is None:
        return Reading(name, None, document, tuple(problems))
    problems += plain_secrets.find(document, name)
    value: T | None = None
    try:
        value = model.model_validate(document.value)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            problem = _worded(details, model, document, name)
            if all((problem.line, problem.key) != (known.line, known.key) for known in problems):
                problems.append(problem)
    ordered = tuple(sorted(problems, key=lambda problem: problem.line))
    return Reading(name, None if ordered else value, document, ordered)


def _unreadable(name: str, message: str, fix: str, *, line: int = 0) -> Reading[Any]:
    return Reading(name, None, Document(), (Problem(name, line, "", message, fix),))


def _worded(details: ErrorDetails, model: type[BaseModel], document: Document, name: str) -> Problem:
    spot = locate(model, details["loc"])
    path = tuple(part for part in spot.path if part != "[key]")  # pydantic's word for a fault in a mapping's key
    message, fix = _message(details, spot, model)
    return Problem(name, document.line(path), key_text(path), message, fix)


def _message(details: ErrorDetails, spot: Spot, model: type[BaseModel]) -> tuple[str, str]:
    kind, context = details["type"], details.get("ctx", {})
    if kind in _KINDS_OF_VALUE:
        wanted, fix = _KINDS_OF_VALUE[kind]
        return f"must be {wanted}, not {_shown(details['input'])}", fix.format(value=_example(details["input"]))
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"{_shown(details['input'])} is out of range", f"write a number that is {words} {context[name]}"
    special = _SPECIAL.get(kind)
    if special is not None:
        return special(details, spot, model)
    return details["msg"].removeprefix("Value error, "), str(context.get("fix") or _described(spot))


def _missing(details: ErrorDetails, spot: Spot, model: type[BaseModel]) -> tuple[str, str]:
    key = spot.path[-1] if spot.path else ""
    return "is missing", f"add '{key}: …'" + (f"  ({_first_sentence(spot)})" if spot.field is not None else "")


def _unknown_key(details: ErrorDetails, spot: Spot, model: type[BaseModel]) -> tuple[str, str]:
    known = list(spot.owner.model_fields) if spot.owner is not None else []
    return "is not a known key", suggest(str(spot.path[-1]), known, "keys here")


def _no_kind(details: ErrorDetails, spot: Spot, model: type[BaseModel]) -> tuple[str, str]:
    return "its kind is missing", f"add 'kind: …', one of {', '.join(allowed_kinds(model, details['loc']))}"


def _wrong_kind(details: ErrorDetails, spot: Spot, model: type[BaseModel]) -> tuple[str, str]:
    wrong = str(details.get("ctx", {}).get("tag", ""))
    return f"{wrong!r} is not a kind", suggest(wrong, allowed_kinds(model, details["loc"]), "kinds")


def _wrong_choice(details: ErrorDetails, spot: Spot, model: type[BaseModel]) -> tuple[str, str]:
    expected = str(details.get("ctx", {}).get("expected", ""))
    known = [part.strip().strip("'") for part in expected.replace(" or ", ", ").split(",")]
    return f"{_shown(details['input'])} is not possible here", suggest(str(details["input"]), known, "choices")


def _wrong_pattern(details: ErrorDetails, spot: Spot, model: type[BaseModel]) -> tuple[str, str]:
    pattern = details.get("ctx", {}).get("pattern", "")
    return f"{_shown(details['input'])} has the wrong form", _described(spot) + f" (it must match {pattern})"


def _secret(details: ErrorDetails, spot: Spot, model: type[BaseModel]) -> tuple[str, str]:
    return plain_secrets.MESSAGE, plain_secrets.fix_for(spot.path)


def _too_short(details: ErrorDetails, spot: Spot, model: type[BaseModel]) -> tuple[str, str]:
    return "is empty", "name at least one"


def _empty_text(details: ErrorDetails, spot: Spot, model: type[BaseModel]) -> tuple[str, str]:
    return "is empty", _described(spot)


_SPECIAL: dict[str, Callable[[ErrorDetails, Spot, type[BaseModel]], tuple[str, str]]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_key,
    "union_tag_not_found": _no_kind,
    "union_tag_invalid": _wrong_kind,
    "literal_error": _wrong_choice,
    "enum": _wrong_choice,
    "string_pattern_mismatch": _wrong_pattern,
    "plain_secret": _secret,
    "too_short": _too_short,
    "string_too_short": _empty_text,
}


def _first_sentence(spot: Spot) -> str:
    description = (spot.field.description or "") if spot.field is not None else ""
    return description.replace("\n", " ").removesuffix(".")


def _described(spot: Spot) -> str:
    return _first_sentence(spot) or "see the file's schema"


def _example(value: object) -> str:
    """Return what was written, where it can stand in quotes as an example."""
    return _shown(value) if isinstance(value, bool | int | float) else "…"


def _shown(value: object) -> str:
    """Show what was written, unless it is long or might be a secret."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return f"a list of {len(cast('list[object]', value))}"
    if value is None:
        return "nothing"
    text = repr(value) if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return "that text" if len(text) > 60 or plain_secrets.looks_secret(text) else text
