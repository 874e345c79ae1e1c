"""Whose key it is: looked up whole, by its digest, at the moment of the request."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.making import TODAY_US, grant

from triplepoint.foundation.errors import NotAuthenticated
from triplepoint.gateway.caller import authenticate

KEY = b"tp-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"


def digest(key: bytes) -> bytes:
    """Digest a key as an installation does."""
    return hmac.digest(b"secret" * 8, key, "sha256")


KEYS = {digest(KEY): grant(), digest(b"tp-brief"): grant(expires_us=TODAY_US)}


def opens(headers: dict[bytes, bytes], now_us: int = TODAY_US) -> bool:
    """Tell whether a request is let in."""
    try:
        return authenticate(headers, KEYS, digest, now_us).key_id == "key_1"
    except NotAuthenticated:
        return False


@pytest.mark.parametrize(
    "headers",
    [
        {b"authorization": b"Bearer " + KEY},
        {b"authorization": b"bearer  " + KEY + b" "},
        {b"x-api-key": KEY},
        {b"api-key": b" " + KEY},
        {b"authorization": b"Basic abc", b"x-api-key": KEY},
    ],
)
def test_a_key_is_found_where_clients_put_it(headers: dict[bytes, bytes]) -> None:
    """Three headers can hold it, with space around it."""
    assert opens(headers)


def test_a_bearer_goes_before_the_other_places() -> None:
    """A wrong bearer is not made up for by a right key elsewhere: what counts must not depend on who looks where."""
    assert not opens({b"authorization": b"Bearer tp-wrong", b"x-api-key": KEY})


@given(st.binary(max_size=60))
def test_no_other_bytes_open_anything(presented: bytes) -> None:
    """Only the whole key opens, however near the others come."""
    assert opens({b"authorization": b"Bearer " + presented}) == (presented.strip() == KEY or presented.strip() == b"tp-brief")


@given(cut=st.integers(0, len(KEY) - 1))
def test_a_part_of_a_key_opens_nothing(cut: int) -> None:
    """No prefix will do, the empty one included."""
    assert not opens({b"x-api-key": KEY[:cut]})


def test_a_key_ends_at_its_moment() -> None:
    """It opens until its end, and not at that moment or later."""
    brief = {b"x-api-key": b"tp-brief"}
    assert [opens(brief, TODAY_US + moment) for moment in (-1, 0, 1)] == [True, False, False]


def test_every_refusal_has_the_same_words() -> None:
    """Missing, unknown and expired cannot be told apart."""
    told: set[str] = set()
    for headers in ({}, {b"x-api-key": b"tp-unknown"}, {b"x-api-key": b"tp-brief"}):
        with pytest.raises(NotAuthenticated) as refused:
            authenticate(headers, KEYS, digest, TODAY_US + 5)
        told.add(refused.value.message)
    assert len(told) == 1
