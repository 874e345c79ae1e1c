"""Only scalars are written down, and keys in text are masked whatever stands around them."""

import datetime
import enum
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.foundation.secret import Secret
from triplepoint.telemetry.redaction import TEXT_LIMIT, mask_keys, plain


class Colour(enum.StrEnum):
    RED = "red"


class Body(msgspec.Struct):
    prompt: str


KEYS = [
    "tp-Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4",
    "tpo-Zm9vYmFyYmF6cXV4",
    "sk-proj-abcDEF123456_789-xyz",
    "sk-ant-api03-abcdefghijkl",
    "Bearer abcdefghijkl.mnop",
    "bearer ABCDEFGH1234==",
    'x-api-key: "s3cr3tvalue"',
    "api_key=s3cr3tvalue",
    '"password": "hunter22"',
    "https://user:hunter22@example.org/v1",
]


@pytest.mark.parametrize("text", KEYS)
def test_keys_are_masked(text: str) -> None:
    """Each kind of key loses its secret part."""
    masked = mask_keys(f"before {text} after")
    assert text not in masked
    assert "…" in masked
    assert masked.startswith("before ")
    for secret in ("Zm9vYmFy", "abcDEF", "abcdefgh", "ABCDEFGH", "s3cr3t", "hunter22"):
        assert secret not in masked


around = st.text(alphabet=" \n.,;:()[]{}<>\"'=/x1é中", max_size=30)


@given(st.text(alphabet="abcdefXYZ0189_-", min_size=16, max_size=60), around, around)
def test_our_keys_are_masked_anywhere(secret: str, before: str, after: str) -> None:
    """A key of ours is masked at any place of a text, whatever marks stand around it."""
    assert secret not in mask_keys(f"{before} tp-{secret}.{after}")


@pytest.mark.parametrize("text", ["the token limit is 4096", "step-by-step", "http-status 200", "model regular@2026-11-a"])
def test_plain_words_stay(text: str) -> None:
    """Ordinary words that look a little like keys stay readable."""
    assert mask_keys(text) == text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (2.5, 2.5),
        ("text", "text"),
        (Colour.RED, "red"),
        (Decimal("0.10"), "0.10"),
        (Path("a/b"), "a/b"),
        (datetime.date(2026, 11, 21), "2026-11-21"),
        (b"a prompt", "<bytes>"),
        (bytearray(b"a prompt"), "<bytearray>"),
        (["a prompt"], "<list>"),
        ({"a": "prompt"}, "<dict>"),
        (("a prompt",), "<tuple>"),
        (msgspec.Raw(b'"a prompt"'), "<Raw>"),
        (Body("a prompt"), "<Body>"),
        (Secret("a key"), "<Secret>"),
        (ValueError("a prompt"), "<ValueError>"),
        (lambda: "a prompt", "<function>"),
    ],
)
def test_plain(value: Any, written: Any) -> None:
    """Scalars are written as they are; anything else by the name of its type."""
    assert plain(value) == written


def test_long_text_is_cut() -> None:
    """Text longer than any name or reason is cut, and its length told."""
    written = plain("x" * 10_000)
    assert isinstance(written, str)
    assert len(written) < TEXT_LIMIT + 40
    assert "10000 characters" in written
