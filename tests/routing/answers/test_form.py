"""Whether an answer has the form that was asked for: judged as JSON Schema does, and never for ever."""

import json
import time
from contextlib import suppress
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.routing.answers.form import has_form
from triplepoint.routing.answers.model import Call, Said, Wanted
from triplepoint.routing.answers.planned import plan_alike
from triplepoint.routing.answers.schema import TooDeep, keeps_to
from triplepoint.routing.answers.wanted import read_wanted
from triplepoint.upstreams.dialects.model import Dialect

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 2, "uniqueItems": True},
        "home": {"$ref": "#/$defs/place"},
    },
    "required": ["name", "age"],
    "additionalProperties": False,
    "$defs": {"place": {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"city": {"type": "string"}}}]}},
}

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 200) | st.floats(-3, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "age", "tags", "home", "x"]), inner),
    max_leaves=12,
)
_PLAIN: list[Any] = [
    {"type": "string"},
    {"type": ["integer", "null"]},
    {"type": "number", "exclusiveMinimum": 0, "maximum": 100},
    {"type": "boolean"},
    {"const": 1},
    {"enum": [True, 0, "a"]},
    {"minItems": 1},
    {"minProperties": 1},
    {"maxLength": 1},
    {},
    True,
    False,
]


def _around(kind: str, one: Any, other: Any) -> dict[str, Any]:
    match kind:
        case "anyOf" | "oneOf" | "allOf":
            return {kind: [one, other]}
        case "not":
            return {"not": one}
        case "items":
            return {"type": "array", "prefixItems": [one], "items": other}
        case _:
            return {"type": "object", "properties": {"name": one}, "additionalProperties": other, "required": ["name"]}


def _bigger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    kinds = st.sampled_from(["anyOf", "oneOf", "allOf", "not", "items", "properties"])
    return st.builds(_around, kinds, inner, inner)


_SCHEMAS: st.SearchStrategy[Any] = st.recursive(st.sampled_from(_PLAIN), _bigger, max_leaves=8)


def _reference_says(value: object, schema: Any) -> bool:
    validator: Any = jsonschema.Draft202012Validator(schema)
    return bool(validator.is_valid(value))


@given(value=_VALUES)
def test_a_known_schema_is_judged_as_the_reference_does(value: object) -> None:
    """Values of every kind against a schema as applications write it."""
    assert keeps_to(value, PERSON) is _reference_says(value, PERSON)


@given(value=_VALUES, schema=_SCHEMAS)
def test_any_schema_is_judged_as_the_reference_does(value: object, schema: Any) -> None:
    """Combinations of whatever is read."""
    assert keeps_to(value, schema) is _reference_says(value, schema)


def test_what_the_examples_say() -> None:
    """The reference library is not the only word on it."""
    assert keeps_to({"name": "Ann", "age": 3, "home": {"city": "Bern"}}, PERSON)
    assert not keeps_to({"name": "Ann"}, PERSON)
    assert not keeps_to({"name": "Ann", "age": True}, PERSON)
    assert not keeps_to({"name": "Ann", "age": 3, "more": 1}, PERSON)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"},
    ],
)
def test_a_schema_without_end_gets_no_verdict(schema: Any) -> None:
    """It is given up, at once, and nothing is said of the value."""
    started = time.monotonic()
    with pytest.raises(TooDeep):
        keeps_to({}, schema)
    assert time.monotonic() - started < 1
    assert has_form(Said("{}"), Wanted(json=True, schema=json.dumps(schema).encode())) is None


_ODD: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "properties", "required", "items", "enum", "$ref", "anyOf", "minimum", "maxLength", "uniqueItems"]
            ),
            inner,
        )
    ),
    max_leaves=10,
)


@given(value=_VALUES, schema=_ODD)
def test_a_schema_that_is_none_is_no_fault(value: object, schema: Any) -> None:
    """Whatever a caller writes in its place, there is a verdict or none, and nothing else."""
    with suppress(TooDeep):
        assert keeps_to(value, schema) in {True, False}


def test_unique_items_of_a_long_list_are_not_followed_for_ever() -> None:
    """Each would be held against each; there is no verdict, at once."""
    started = time.monotonic()
    with pytest.raises(TooDeep):
        keeps_to(list(range(100_000)), {"uniqueItems": True})
    assert time.monotonic() - started < 1


def _fields(**members: object) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(json.dumps(value).encode()) for name, value in members.items()}


def test_each_dialect_asks_for_a_form_in_its_own_way() -> None:
    """A schema, JSON alone, or nothing; and whether a tool must be called."""
    schema = {"type": "object"}
    chat_format = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    chat = _fields(response_format=chat_format, tool_choice="required")
    assert read_wanted(chat, Dialect.CHAT) == Wanted(json=True, schema=b'{"type":"object"}', must_call=True)
    responses = _fields(text={"format": {"type": "json_object"}})
    assert read_wanted(responses, Dialect.RESPONSES) == Wanted(json=True)
    messages = _fields(output_config={"format": {"type": "json_schema", "schema": schema}}, tool_choice={"type": "any"})
    assert read_wanted(messages, Dialect.MESSAGES) == Wanted(json=True, schema=b'{"type":"object"}', must_call=True)
    older = _fields(output_format={"type": "json_schema", "schema": schema}, tool_choice={"type": "auto"})
    assert read_wanted(older, Dialect.MESSAGES) == Wanted(json=True, schema=b'{"type":"object"}')
    for dialect in Dialect:
        assert read_wanted({}, dialect) == Wanted()
        assert read_wanted(_fields(response_format=3, text=[], output_config="x", tool_choice=7), dialect) == Wanted()


WANTED = Wanted(json=True, schema=json.dumps(PERSON).encode())


@pytest.mark.parametrize(
    ("said", "wanted", "has"),
    [
        (Said("Hello."), Wanted(), True),
        (Said("  "), Wanted(), False),
        (Said("Hello", is_cut=True), Wanted(), False),
        (Said('{"a": 1}'), Wanted(json=True), True),
        (Said('```json\n{"a": 1}\n```'), Wanted(json=True), False),
        (Said('{"name": "Ann", "age": 3}'), WANTED, True),
        (Said('{"name": "Ann"}'), WANTED, False),
        (Said("", (Call("f", '{"a": 1}'),)), Wanted(json=True), True),
        (Said("", (Call("f", '{"a": '),)), Wanted(), False),
        (Said("Hello."), Wanted(must_call=True), False),
    ],
)
def test_form_by_example(said: Said, wanted: Wanted, has: bool) -> None:
    """Whole, not empty, JSON where JSON was asked for, and a call where one was due."""
    assert has_form(said, wanted) is has


def test_plans_are_alike_by_what_they_do() -> None:
    """Order and spelling of parallel calls say nothing; names, arguments and numbers do."""
    one, two = Call("f", '{"a":1,"b":2}'), Call("g", "{}")
    assert plan_alike(Said("x", (one, two)), Said("", (Call("g", ""), Call("f", '{ "b": 2, "a": 1 }'))))
    assert not plan_alike(Said("", (one,)), Said("", (one, one)))
    assert not plan_alike(Said("", (one,)), Said("", (Call("f", '{"a":1,"b":3}'),)))
    assert not plan_alike(Said("", (one,)), Said("", (Call("g", '{"a":1,"b":2}'),)))
