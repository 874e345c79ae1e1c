"""Keys: their making, their digest, what is shown of them."""

import hashlib
import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.access.keys import CUSTOMER_PREFIX, OPERATOR_PREFIX, Digester, digest, display, looks_like_key, make_key


@pytest.mark.parametrize("prefix", [CUSTOMER_PREFIX, OPERATOR_PREFIX])
def test_keys_have_a_prefix_and_256_bits(prefix: str) -> None:
    """A key is its prefix and 43 characters of base 62, which no other key has."""
    made = {make_key(prefix).reveal() for _ in range(500)}
    assert len(made) == 500
    assert all(re.fullmatch(prefix + "[0-9A-Za-z]{43}", key) for key in made)
    assert len(set("".join(made))) == 63  # all of base 62, and the hyphen


@given(secret=st.binary(min_size=32, max_size=64), key=st.text())
def test_the_digest_is_a_keyed_hash_of_the_whole_key(secret: bytes, key: str) -> None:
    """The digest is HMAC-SHA-256 under the secret, so it changes with either."""
    made = digest(secret, key)
    assert made == hmac.new(secret, key.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    assert made != digest(secret, key + "x")
    assert made != digest(secret + b"x", key)


@given(secret=st.binary(min_size=1, max_size=200), keys=st.lists(st.text(max_size=100), max_size=3))
def test_what_is_hashed_once_changes_no_digest(secret: bytes, keys: list[str]) -> None:
    """The gateway's quick way gives every key the digest under which it was stored, one after another."""
    digester = Digester(secret)
    for key in keys:
        encoded = key.encode("utf-8", "surrogatepass")
        assert digester(encoded) == digest(secret, key) == hmac.new(secret, encoded, hashlib.sha256).digest()


def test_eight_characters_are_shown() -> None:
    """People see the first 8 characters of a key, prefix included."""
    key = make_key()
    assert display(key) == key.reveal()[:8]


def test_a_key_does_not_show_itself() -> None:
    """Printing a key shows nothing of it."""
    key = make_key()
    assert key.reveal()[3:] not in f"{key} {key!r} {[key]}"


@pytest.mark.parametrize("prefix", [CUSTOMER_PREFIX, OPERATOR_PREFIX])
def test_a_key_in_a_text_is_recognised(prefix: str) -> None:
    """A text that holds a whole key is told from one that does not."""
    key = make_key(prefix).reveal()
    assert looks_like_key(key)
    assert looks_like_key(f"the key ({key}) of acme")
    assert looks_like_key(f"key={key}")
    assert not looks_like_key(f"{prefix}website")
    assert not looks_like_key("a" * 60)
