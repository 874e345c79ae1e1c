"""Whether two samples of a cheap model say the same."""

import pytest

from triplepoint.routing.answers.model import Call, Said
from triplepoint.routing.escalation.agreement import agree


@pytest.mark.parametrize(
    ("one", "other", "agrees"),
    [
        (Said("The answer is 42."), Said("So we get 6 * 7.\n#### 42"), True),
        (Said("The answer is 42."), Said("#### 43"), False),
        (Said("The answer is B"), Said("Answer: B"), True),
        (Said("Bern is old."), Said("Bern  is\nold."), True),
        (Said("Bern is old."), Said("Bern is very old."), None),
        (Said('{"a": 1, "b": 2}'), Said('{"b":2,"a":1}'), True),
        (Said('{"a": 1}'), Said('{"a": 2}'), False),
        (Said("", (Call("f", '{"x": 1}'),)), Said("", (Call("f", '{"x":1}'),)), True),
        (Said("", (Call("f", "{}"),)), Said("I will not."), False),
    ],
)
def test_agreement_is_told_where_it_can_be_seen(one: Said, other: Said, agrees: bool | None) -> None:
    """By result, by JSON, by planned calls, word for word; in any order."""
    assert agree(one, other) is agrees
    assert agree(other, one) is agrees
