"""The pages of the files: every key that one may hold, from the JSON Schema that its types make.

A schema is walked from its root. Each object gets a section under the path at which it is first met; where the same object
stands in several places (the limits of every kind of upstream), the others point to that section.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic import BaseModel
from tools.pages.markdown import code, first_sentence, prose, table

from triplepoint.lineups.model import Lineup
from triplepoint.plans.model import PlansFile
from triplepoint.pricing.model import PriceFile
from triplepoint.settings import Settings
from triplepoint.upstreams.simulated.model import Script

Schema = dict[str, Any]

_UNITS_S = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1), ("ms", 0.001))
_UNITS_B = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
_MARKS = {"(us|ms|s|m|h|d)": "duration", "(B|kB|MB|GB": "size", r"^\$\{": "`${NAME}`", r"^\d{1,9}": "quoted amount"}


def render_settings() -> str:
    """Return the page of ``triplepoint.yaml``."""
    about = (
        "Durations and sizes carry their unit (`30s`, `250ms`, `32MiB`); a secret is written `${NAME}` and read from the "
        "environment. An unknown key, a missing unit or a secret in plain text is refused with file, line, key and fix "
        "(`triplepoint check`). Editors complete the file by [its schema](../../schemas/triplepoint.schema.json)."
    )
    return _Page("Settings", about, Settings).render()


def render_lineup() -> str:
    """Return the page of a line-up file."""
    about = (
        "One dated revision of the family: `lineups/NAME.yaml`. `lineup` in `triplepoint.yaml` names the active one. Editors "
        "complete the file by [its schema](../../schemas/lineup.schema.json)."
    )
    return _Page("Line-up file", about, Lineup).render()


def render_prices() -> str:
    """Return the page of a price file."""
    about = (
        "All files in `prices/` together are the price book. It is append-only: a new price is a new row with a later day, "
        "best in a new file; a row that has held is never changed. Amounts are quoted, so that no float comes between. Editors "
        "complete the file by [its schema](../../schemas/prices.schema.json)."
    )
    return _Page("Price file", about, PriceFile).render()


def render_plans() -> str:
    """Return the page of ``plans.yaml``."""
    about = (
        "What is sold: plans with their fees, rights, quotas and ladders. An installation may do without the file. How plans "
        "work is told in [plans](../concepts/plans.md). Amounts are whole numbers, or decimals in quotes. Editors complete the "
        "file by [its schema](../../schemas/plans.schema.json)."
    )
    return _Page("Plans file", about, PlansFile).render()


def render_script() -> str:
    """Return the page of a script of the simulated upstream."""
    about = (
        "What a simulated upstream says, how fast, and what goes wrong with it. See [how to simulate an "
        "upstream](../how-to/simulate-an-upstream.md) and [its schema](../../schemas/simulated.schema.json)."
    )
    return _Page("Script of a simulated upstream", about, Script).render()


@dataclass(slots=True)
class _Page:
    title: str
    about: str
    model: type[BaseModel]
    _defs: dict[str, Schema] = field(default_factory=dict[str, Schema])
    _anchors: dict[str, str] = field(default_factory=dict[str, str])
    """Where each object's section is, by its name in the schema."""

    def render(self) -> str:
        schema = self.model.model_json_schema()
        self._defs = schema.pop("$defs", {})
        sections = list(self._walk(self.model.__name__, schema, ""))
        named = {**self._defs, self.model.__name__: schema}
        headings = {name: _heading(named[name], path) for name, path in sections}
        self._anchors = {name: _anchor(heading) for name, heading in headings.items()}
        parts = [self._section(named[name], heading) for name, heading in headings.items()]
        return "\n".join([f"# {self.title}\n", self.about + "\n", *parts])

    def _walk(self, name: str, schema: Schema, path: str) -> Iterator[tuple[str, str]]:
        """Yield every object with the path at which it is first met, an object before what is in it."""
        queue, seen = [(name, schema, path)], {name}
        while queue:
            name, schema, path = queue.pop(0)
            yield name, path
            inner = [one for key, value in schema.get("properties", {}).items() for one in self._inner(value, f"{path}{key}")]
            fresh = [(one, at) for one, at in inner if one not in seen and not seen.add(one)]
            queue[:0] = [(one, self._defs[one], at) for one, at in fresh]

    def _inner(self, schema: Schema, path: str) -> Iterator[tuple[str, str]]:
        if "$ref" in schema:
            name = _name(schema)
            if "properties" in self._defs[name]:
                yield name, path + "."
        for key in ("anyOf", "oneOf", "allOf"):
            for branch in schema.get(key, []):
                yield from self._inner(branch, path)
        if "items" in schema:
            yield from self._inner(schema["items"], path + "[]")
        if values := _values(schema):
            yield from self._inner(values, path + ".NAME")

    def _section(self, schema: Schema, heading: str) -> str:
        required = set(schema.get("required", []))
        own_first = sorted(schema["properties"].items(), key=lambda item: (item[0] != "kind", "$ref" in item[1]))
        rows = [
            [code(key), self._kind(value), default_text(value, is_required=key in required), self._meaning(value)]
            for key, value in own_first
        ]
        about = first_sentence(schema.get("description"))
        return f"## {heading}\n\n{about}\n\n" + table(["key", "kind", "default", "meaning"], rows)

    def _meaning(self, schema: Schema) -> str:
        """Return the text beside a field; pydantic leaves it out where the type's own says the same."""
        of_type = self._defs[_name(schema)].get("description") if "$ref" in schema else None
        return prose(schema["description"]) if "description" in schema else first_sentence(of_type)

    def _kind(self, schema: Schema) -> str:
        if "$ref" in schema:
            return self._named(_name(schema))
        if "allOf" in schema and len(schema["allOf"]) == 1:
            return self._kind(schema["allOf"][0])
        branches = [branch for key in ("anyOf", "oneOf") for branch in schema.get(key, []) if branch.get("type") != "null"]
        if branches:
            return " or ".join(dict.fromkeys(map(self._kind, branches)))
        if "const" in schema:
            return code(schema["const"])
        if "enum" in schema:
            return ", ".join(map(code, schema["enum"]))
        if schema.get("type") == "array":
            return f"list of {self._kind(schema.get('items', {}))}"
        if schema.get("type") == "object":
            values = _values(schema)
            return f"map of names to {self._kind(values)}" if values else "map"
        return _scalar(schema)

    def _named(self, name: str) -> str:
        if name in self._anchors:
            schema = self._defs[name]
            kinds = schema.get("properties", {}).get("kind", {})
            return f"[{kinds.get('const', 'see below')}](#{self._anchors[name]})"
        return self._kind(self._defs[name])


def _heading(schema: Schema, path: str) -> str:
    kind = schema["properties"].get("kind", {}).get("const")
    return (code(path.rstrip(".")) if path else "The whole file") + (f" of kind {code(kind)}" if kind else "")


def _values(schema: Schema) -> Schema | None:
    """Return what the values of a map are; its keys may have a pattern."""
    patterned: list[Schema] = list(schema.get("patternProperties", {}).values())
    values: Schema | bool | None = patterned[0] if patterned else schema.get("additionalProperties")
    return values if isinstance(values, dict) and values else None


def _scalar(schema: Schema) -> str:
    pattern = schema.get("pattern", "")
    for mark, word in _MARKS.items():
        if mark in pattern:
            return word
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", None: "any value"}
    word = {"date": "day"}.get(schema.get("format", ""), words[schema.get("type")])
    bounds = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most", "exclusiveMaximum": "less than"}
    limits = [f"{text} {schema[key]:g}" for key, text in bounds.items() if key in schema]
    return f"{word}, {', '.join(limits)}" if limits else word


def _name(schema: Schema) -> str:
    return schema["$ref"].rpartition("/")[2]


def _anchor(heading: str) -> str:
    """Return the fragment that GitHub and others make of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def default_text(schema: Schema, *, is_required: bool) -> str:
    """Write a default as a person would write it into the file; empty for none."""
    if is_required:
        return "**required**"
    default = schema.get("default")
    if default is None or default in ({}, []) or isinstance(default, dict):
        return ""
    pattern = schema.get("pattern", "")
    if "(us|ms|s|m|h|d)" in pattern:
        return code(_with_unit(default, _UNITS_S))
    if "(B|kB|MB|GB" in pattern:
        return code(_with_unit(default, _UNITS_B))
    if isinstance(default, bool):
        return code(str(default).lower())
    if isinstance(default, list):
        return code(f"[{', '.join(map(str, cast('list[object]', default)))}]")
    return code(str(default)) if default != "" else ""


def _with_unit(value: float, units: tuple[tuple[str, float], ...]) -> str:
    """Write a quantity in the largest unit that leaves a whole number."""
    for unit, size in units:
        count = value / size
        if count >= 1 and abs(count - round(count)) < 1e-9:
            return f"{round(count)}{unit}"
    return f"{value:g}{units[-1][0]}" if value else f"0{'s' if units is _UNITS_S else 'B'}"
