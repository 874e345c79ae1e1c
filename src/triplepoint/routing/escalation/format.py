"""Has an answer the form that was asked for, by parameters (JSON, a schema, a tool's arguments) or plainly in words?

Schemas are followed as `routing.answers.schema` says, so ``pattern``, ``format`` and ``multipleOf`` are not: a caller's
regular expression may take for ever. A schema too deep to be followed forbids nothing.
"""

import re
from typing import Any, Final, cast

from triplepoint.routing.answers.form import has_form
from triplepoint.routing.answers.lenient import NO_JSON, json_of
from triplepoint.routing.answers.model import Call, Said
from triplepoint.routing.answers.schema import TooDeep, keeps_to
from triplepoint.routing.escalation.asked import ends_of
from triplepoint.routing.escalation.demands import Demands, demands_of
from triplepoint.routing.escalation.model import Asked

_NUMBERED = re.compile(r"^[ \t]{0,3}\**(\d{1,3})[.)、]", re.MULTILINE)
_BULLETED = re.compile(r"^[-*•]\s+\S", re.MULTILINE)
_TABLES = re.compile(r"^\s*\|?[ \t:]*-{2,}[-|: \t]*$|<table|\\begin\{tabular", re.MULTILINE)
_FENCED_JSON = re.compile(r"```(?:json)?\s*([\[{][^`]{0,200000})```")
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_SLACK: Final = 1.1
"""Words are counted differently by different people."""
_FEW: Final = 3


def why_ill_formed(said: Said, asked: Asked) -> str | None:
    """Say what an answer's form lacks; None where it has it, or where it cannot be told."""
    wanted = asked.wanted
    if wanted.must_call and not said.calls:
        return "it called no tool, and one had to be called"
    if said.calls:
        return _why_wrong_calls(said.calls, asked.tools)
    if wanted.json:
        if has_form(said, wanted) is not False:
            return None
        return "it was no JSON" if json_of(said.text) is NO_JSON else "it did not keep to the schema"
    return _why_unlike_words(said.text, demands_of(asked.text))


def _why_wrong_calls(calls: tuple[Call, ...], tools: dict[str, bytes]) -> str | None:
    for call in calls:
        if tools and call.name not in tools:
            return "it called a tool that was not offered"
        value = json_of(call.arguments or "{}")
        if not isinstance(value, dict):
            return "the arguments of a call were no JSON object"
        schema = json_of(tools.get(call.name) or b"true")
        if schema is not NO_JSON and not _keeps(cast("dict[str, Any]", value), schema):
            return "the arguments of a call did not keep to the tool's schema"
    return None


def _why_unlike_words(text: str, demands: Demands) -> str | None:
    if demands.json and not _holds_json(text):
        return "it was no JSON"
    if demands.table and not _TABLES.search(text):
        return "it had no table"
    if demands.items is not None and (found := _count_items(text)) and found < demands.items:
        return f"it listed {found} of {demands.items}"
    if demands.most_words is not None and (words := count_words(text)) > demands.most_words * _SLACK + _FEW:
        return f"it had {words} words, and {demands.most_words} are the most"
    if demands.least_words is not None and (words := count_words(text)) < demands.least_words / _SLACK - _FEW:
        return f"it had {words} words, and {demands.least_words} are the least"
    return None


def count_words(text: str) -> int:
    """Count words; in scripts that put no spaces between them, characters."""
    ideographs = len(_IDEOGRAPHS.findall(text))
    return ideographs if ideographs > len(text) / 4 else len(text.split())


def _count_items(text: str) -> int:
    """Count the items of an answer's list: the highest number of a numbered one, else bullets; 0: there is no list."""
    ends = ends_of(text)
    numbers = [int(found[1]) for found in _NUMBERED.finditer(ends)]
    if numbers:
        return max(numbers)
    return len(_BULLETED.findall(text[:200_000]))


def _holds_json(text: str) -> bool:
    if json_of(text) is not NO_JSON:
        return True
    return any(json_of(found[1]) is not NO_JSON for found in _FENCED_JSON.finditer(text))


def _keeps(value: object, schema: object) -> bool:
    try:
        return keeps_to(value, schema)
    except TooDeep:
        return True
