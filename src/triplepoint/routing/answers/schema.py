"""Does a JSON value keep to a schema? The part of JSON Schema that structured output is asked for with.

Read are types, properties, items, enumerations, bounds, combinations and references within the schema (draft 2020-12, sections
10 and 11, and validation section 6, but for ``pattern``, whose regular expression may take for ever, ``format`` and
``multipleOf``). A keyword that is not read forbids nothing.
"""

from collections.abc import Iterator
from typing import Any, Final, cast

from triplepoint.routing.answers.lenient import members_of

_MOST_STEPS: Final = 50_000
"""Looks at a value under a schema; whoever nests beyond gets no verdict."""
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}

Schema = dict[str, Any]


class TooDeep(Exception):
    """The schema takes more steps than it is given; nothing is known of the value."""


def keeps_to(value: object, schema: object) -> bool:
    """Tell whether a value, as decoded from JSON, keeps to a schema.

    Raises: TooDeep.
    """
    try:
        return _Check(schema).holds(value, schema)
    except RecursionError as error:
        raise TooDeep from error


class _Check:
    def __init__(self, root: object) -> None:
        self._root = root
        self._steps = 0

    def holds(self, value: object, schema: object) -> bool:
        self._step()
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, dict):
            return True
        rules = cast("Schema", schema)
        return all(self._findings(value, rules))

    def _step(self, steps: int = 1) -> None:
        self._steps += steps
        if self._steps > _MOST_STEPS:
            raise TooDeep

    def _findings(self, value: object, rules: Schema) -> Iterator[bool]:
        if "$ref" in rules:
            yield self.holds(value, self._referred(rules["$ref"]))
        if "type" in rules:
            yield any(_is_of(value, kind) for kind in _listed(rules["type"]))
        if "enum" in rules:
            yield any(_same(value, one) for one in _listed(rules["enum"]))
        if "const" in rules:
            yield _same(value, rules["const"])
        yield from self._combined(value, rules)
        if isinstance(value, dict):
            yield from self._object(cast("dict[str, Any]", value), rules)
        elif isinstance(value, list):
            yield from self._array(cast("list[Any]", value), rules)
        else:
            yield from _bounds(value, rules)

    def _combined(self, value: object, rules: Schema) -> Iterator[bool]:
        for one in _listed(rules.get("allOf", [])):
            yield self.holds(value, one)
        if "anyOf" in rules:
            yield any(self.holds(value, one) for one in _listed(rules["anyOf"]))
        if "oneOf" in rules:
            yield sum(self.holds(value, one) for one in _listed(rules["oneOf"])) == 1
        if "not" in rules:
            yield not self.holds(value, rules["not"])

    def _object(self, value: dict[str, Any], rules: Schema) -> Iterator[bool]:
        properties = members_of(rules.get("properties"))
        yield all(name in value for name in _listed(rules.get("required", [])) if isinstance(name, str))
        for name, inner in value.items():
            if name in properties:
                yield self.holds(inner, properties[name])
            elif "additionalProperties" in rules:
                yield self.holds(inner, rules["additionalProperties"])
        yield _within(len(value), rules, "minProperties", "maxProperties")

    def _array(self, value: list[Any], rules: Schema) -> Iterator[bool]:
        first = _listed(rules.get("prefixItems", []))
        for inner, schema in zip(value, first, strict=False):
            yield self.holds(inner, schema)
        if "items" in rules:
            yield all(self.holds(inner, rules["items"]) for inner in value[len(first) :])
        yield _within(len(value), rules, "minItems", "maxItems")
        if rules.get("uniqueItems") is True:
            self._step(len(value) ** 2 // 2)
            yield not any(_same(one, other) for n, one in enumerate(value) for other in value[:n])

    def _referred(self, reference: object) -> object:
        """Return the schema that a reference within the document names; everything, where it names none."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            return True
        found: object = self._root
        for name in reference[1:].split("/")[1:]:
            key = name.replace("~1", "/").replace("~0", "~")
            found = cast("Schema", found).get(key, True) if isinstance(found, dict) else True
        return found


def _bounds(value: object, rules: Schema) -> Iterator[bool]:
    if isinstance(value, str):
        yield _within(len(value), rules, "minLength", "maxLength")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield _within(value, rules, "minimum", "maximum")
        low, high = rules.get("exclusiveMinimum"), rules.get("exclusiveMaximum")
        yield not _is_number(low) or value > cast("float", low)
        yield not _is_number(high) or value < cast("float", high)


def _within(value: float, rules: Schema, least: str, most: str) -> bool:
    low, high = rules.get(least), rules.get(most)
    return (not _is_number(low) or value >= cast("float", low)) and (not _is_number(high) or value <= cast("float", high))


def _is_of(value: object, kind: object) -> bool:
    if kind == "integer":
        return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES.get(str(kind), (object,)))


def _same(one: object, other: object) -> bool:
    """Compare as JSON does, where true is not 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _listed(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]
