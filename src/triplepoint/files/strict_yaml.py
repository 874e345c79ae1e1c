"""YAML read strictly: what is written is what is meant, and each value knows its line.

The parser is libyaml's event stream; everything above it is ours, because the usual constructors are too kind:

- only ``true`` and ``false`` are booleans, as in YAML 1.2: ``no``, ``on`` and ``NO`` (Norway) stay text, and so do dates;
- a key given twice is refused, where others let the last one win;
- keys are text; tags (``!!python/…``) and merge keys (``<<``) are refused;
- an alias may be used, but what it expands to is counted, so that ten lines cannot become a billion values.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import yaml

from triplepoint.foundation.errors import Problem

Path = tuple[str | int, ...]
"""Keys and positions from the top of a file: ``("models", "nano", "upstreams", 0)``."""

MAX_VALUES = 500_000
"""Values in one file, aliases expanded."""
MAX_DEPTH = 64
"""Levels of nesting."""

_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[bool | None, tuple[str, ...]] = {
    None: ("", "~", "null", "Null", "NULL"),
    True: ("true", "True", "TRUE"),
    False: ("false", "False", "FALSE"),
}
_CONSTANTS = {word: value for value, words in _WORDS.items() for word in words}
_PLAIN_TAGS = {None, "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


@dataclass(slots=True)
class Document:
    """One file, read."""

    value: object = None
    """Dicts, lists, text, numbers, booleans and None."""
    lines: dict[Path, int] = field(default_factory=dict[Path, int])
    """Line, from 1, of each key's value, or of the key where the value is a block."""
    problems: list[Problem] = field(default_factory=list[Problem])

    def line(self, path: Path) -> int:
        """Return the line of a path, or of the nearest thing around it that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


class _Unreadable(Exception):
    """Reading cannot go on; carries the one problem."""

    def __init__(self, line: int, message: str, fix: str, path: Path = ()) -> None:
        super().__init__(message)
        self.line, self.message, self.fix, self.path = line, message, fix, path


def key_text(path: Path) -> str:
    """Write a path as people do: ``models.nano.upstreams[0].price``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_yaml(text: str, *, file: str) -> Document:
    """Read one YAML document.

    Args:
        text: Content of the file.
        file: Its name, for the problems.
    Returns: The value, the lines, and every problem; the value is None where reading had to stop.
    """
    reader = _Reader(file)
    try:
        reader.read(text)
    except _Unreadable as stop:
        reader.document.value = None
        reader.refuse(stop.path, stop.line, stop.message, stop.fix)
    except yaml.YAMLError as error:
        reader.document.value = None
        reader.refuse((), *_syntax(error, text))
    return reader.document


def _syntax(error: yaml.YAMLError, text: str) -> tuple[int, str, str]:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark is not None else 1
    what = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read")
    written = text.splitlines()[line - 1] if line <= len(text.splitlines()) else ""
    if re.match(r"\s*\t", written) or "\\t" in what:
        return line, "a tab is used to indent", "indent with spaces"
    if "mapping values are not allowed" in what:
        return line, f"not YAML: {what}", "put text that holds ': ' in quotes, and check the indentation"
    return line, f"not YAML: {what}", "check indentation, quotes and brackets on this line and the one before"


class _Reader:
    """Builds values from the event stream; recursion is bounded by `MAX_DEPTH`."""

    def __init__(self, file: str) -> None:
        self.document = Document()
        self._file = file
        self._events: Iterator[yaml.Event] = iter(())
        self._anchors: dict[str, tuple[object, int]] = {}
        self._open_anchors: set[str] = set()
        self._count = 0

    def refuse(self, path: Path, line: int, message: str, fix: str) -> None:
        """Note a problem."""
        self.document.problems.append(Problem(self._file, line, key_text(path), message, fix))

    def read(self, text: str) -> None:
        """Read the stream, which must hold one document."""
        self._events = yaml.parse(text, Loader=_Loader)
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents == 2:
                    raise _Unreadable(
                        _line(event), "a second document begins here", "keep one document in a file: remove '---'"
                    )
                self.document.value = self._value(next(self._events), ())
        if documents == 0 or self.document.value is None:
            raise _Unreadable(1, "the file is empty", "write its keys, or remove the file")

    def _value(self, event: yaml.Event, path: Path) -> object:
        self._spend(event, path, 1)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        node = cast("yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent", event)
        tag, anchor = node.tag, node.anchor
        if tag not in _PLAIN_TAGS:
            self.refuse(path, _line(event), f"the tag {tag} is not allowed", "write the value without a tag")
        if anchor is not None:
            self._open_anchors.add(anchor)
        before = self._count
        value = self._untagged(node, path, tag)
        if anchor is not None:
            self._open_anchors.discard(anchor)
            self._anchors[anchor] = (value, self._count - before + 1)
        return value

    def _untagged(
        self, node: yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent, path: Path, tag: str | None
    ) -> object:
        if isinstance(node, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(node, yaml.SequenceStartEvent):
            return self._sequence(path)
        plain = not node.style and tag is None
        return _scalar(node.value) if plain else node.value

    def _mapping(self, path: Path) -> dict[str, object]:
        self._deepen(path)
        result: dict[str, object] = {}
        lines = self.document.lines
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, path)
            child = (*path, key)
            if key in result:
                fix = f"the first is on line {self.document.line(child)}; keep one of them"
                self.refuse(child, _line(event), "given twice", fix)
            lines[child] = _line(event)
            result[key] = self._value(next(self._events), child)
        return result

    def _sequence(self, path: Path) -> list[object]:
        self._deepen(path)
        result: list[object] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            child = (*path, len(result))
            self.document.lines[child] = _line(event)
            result.append(self._value(event, child))
        return result

    def _key(self, event: yaml.Event, path: Path) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise _Unreadable(_line(event), "a key must be plain text", "write 'key: value'", path)
        key, plain = event.value, not event.style
        if plain and key == "<<":
            raise _Unreadable(
                _line(event), "merge keys (<<) are not allowed", "write the keys out, or alias a whole value", path
            )
        if plain and not isinstance(_scalar(key), str):
            self.refuse((*path, key), _line(event), f"the key {key} is not text", f'write it in quotes: "{key}"')
        return key

    def _alias(self, event: yaml.AliasEvent, path: Path) -> object:
        name = cast("str", event.anchor)
        if name in self._open_anchors:
            raise _Unreadable(_line(event), f"the alias *{name} contains itself", "write the value out", path)
        if name not in self._anchors:
            raise _Unreadable(_line(event), f"no anchor &{name} before this", f"write &{name} at the value that is meant", path)
        value, size = self._anchors[name]
        self._spend(event, path, size)
        return value

    def _spend(self, event: yaml.Event, path: Path, values: int) -> None:
        self._count += values
        if self._count > MAX_VALUES:
            raise _Unreadable(_line(event), f"more than {MAX_VALUES} values, aliases expanded", "split the file", path)

    def _deepen(self, path: Path) -> None:
        if len(path) >= MAX_DEPTH:
            raise _Unreadable(self.document.line(path), f"nested deeper than {MAX_DEPTH} levels", "flatten it", ())


def _scalar(text: str) -> object:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= 40 else text
    if _FLOAT.fullmatch(text):
        return (
            float(text.replace(".inf", "inf").replace(".nan", "nan"))
            if text[-1].isdigit() or text[-1] == "."
            else _special(text)
        )
    return text


def _special(text: str) -> float:
    return float(text.lower().replace(".", ""))


def _line(event: yaml.Event) -> int:
    return cast("yaml.Mark", event.start_mark).line + 1
