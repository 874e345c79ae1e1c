"""Passwords: hashed with argon2, checked without giving away who exists."""

import time

import pytest
from argon2 import PasswordHasher
from tests.access.helpers import CHEAP

from triplepoint.access.passwords import MAX_CHARACTERS, MIN_CHARACTERS, Passwords, make_password
from triplepoint.foundation.errors import RequestInvalid

GOOD = "correct horse battery"


def test_only_the_right_password_opens() -> None:
    """The password that was hashed is right, and no other."""
    kept = CHEAP.hash(GOOD)
    assert CHEAP.verify(kept, GOOD)
    assert not CHEAP.verify(kept, GOOD + " ")
    assert not CHEAP.verify(kept, "")


def test_hashes_are_argon2id_and_salted() -> None:
    """The same password never hashes the same, and the hash says with what it was made."""
    kept = Passwords().hash(GOOD)
    assert kept.startswith("$argon2id$v=19$m=65536,")
    assert kept != Passwords().hash(GOOD)
    assert len(kept) <= 256


@pytest.mark.parametrize("password", ["", "x" * (MIN_CHARACTERS - 1), "x" * (MAX_CHARACTERS + 1)])
def test_bad_passwords_are_refused_without_being_quoted(password: str) -> None:
    """A password that is too short or too long is refused, and the error does not repeat it."""
    with pytest.raises(RequestInvalid, match="12 to 512 characters") as caught:
        CHEAP.hash(password)
    assert not password or password not in str(caught.value)


def test_the_shortest_and_longest_passwords_are_good() -> None:
    """The limits themselves are allowed."""
    for password in ("x" * MIN_CHARACTERS, "é" * MAX_CHARACTERS):
        assert CHEAP.verify(CHEAP.hash(password), password)


def test_an_overlong_guess_is_wrong_even_if_its_beginning_is_right() -> None:
    """A guess longer than any password is wrong, though the hash of its beginning would match."""
    longest = "x" * MAX_CHARACTERS
    assert not CHEAP.verify(CHEAP.hash(longest), longest + "x")


def test_an_unknown_operator_takes_as_long_as_a_wrong_password() -> None:
    """A check for nobody does the same work as one for somebody, from the first one on."""
    passwords = Passwords(PasswordHasher(time_cost=4, memory_cost=8192, parallelism=1))
    kept = passwords.hash(GOOD)
    passwords.verify(kept, "warm up")

    def least_s(password_hash: str | None) -> float:
        spans: list[float] = []
        for _ in range(5):
            begin = time.perf_counter()
            assert not passwords.verify(password_hash, "wrong password")
            spans.append(time.perf_counter() - begin)
        return min(spans)

    assert 0.5 < least_s(None) / least_s(kept) < 2.0


def test_hashes_of_former_parameters_are_outdated() -> None:
    """A hash made with less than today's parameters is known to be."""
    kept = CHEAP.hash(GOOD)
    assert not CHEAP.is_outdated(kept)
    assert Passwords().is_outdated(kept)


def test_a_broken_hash_opens_nothing() -> None:
    """A hash that is none is wrong, not an error."""
    assert not CHEAP.verify("not a hash", GOOD)


def test_made_passwords_are_good_and_different() -> None:
    """A password of ours passes our own rule and is never made twice."""
    made = {make_password().reveal() for _ in range(100)}
    assert len(made) == 100
    assert all(len(password) == 24 and password.isalnum() for password in made)
