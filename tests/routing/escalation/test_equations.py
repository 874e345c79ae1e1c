"""Equations are found in what people and models write, and worked out exactly; what cannot be told is no fault."""

import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.routing.escalation.equations import Holds, equations_of
from triplepoint.routing.escalation.symbols import normalised, tokens_of


def _verdicts(text: str) -> list[str]:
    return [equation.holds.name for equation in equations_of(text)]


@pytest.mark.parametrize(
    "text",
    [
        "3 apples * 4 = 12 apples",
        "16 - 3 = 13 eggs left",
        "9 * $2 = $<<9*2=18>>18",
        "So 20% of 50 = 10.",
        "$100 - 20% = $80",
        "100 * 15% = 15%",
        "3 * 4 = 12 + 2 = 14",
        "1/3 = 0.33",
        "10 / 4 ≈ 2.5",
        "2(3 + 4) = 14",
        r"\frac{10}{4} = 2.5",
        r"Thus \(12 \times 3 = 36\).",
        "60 miles/hour * 3 hours = 180 miles",
        "120 minutes / 1 = 2 hours",
        "50 cents * 4 = $2",
        "3 dozen * 2 = 72 eggs",
        "5² = 25",
        "2^10 = 1,024",
        "1.234,5 + 1 = 1.235,5",
        "1.000 + 500 = 1.500",
        "3,5 + 1,5 = 5",
        "-3 * -2 = 6",
        "5 mal 3 ergibt 15",
        "7 fois 6 = 42",
        "8 dividido por 2 es igual a 4",
        "6 multiplied by 7 equals 42",
        "5加3等于8",
        "12除以4等於3",
        "٣ + ٤ = ٧",
        "５×３＝１５",
        "2½ * 2 = 5",
        "((2 + 3) * (4 - 1)) = 15",
        "33.33 * 3 = 100",
        "0.33 - 0.2 = 0.133333",
        "7 / 2 = 4",
    ],
)
def test_what_holds_is_let_be(text: str) -> None:
    """Units, currencies, percentages, roundings, words for signs, scripts: each of these is right."""
    verdicts = _verdicts(text)
    assert verdicts
    assert "BROKEN" not in verdicts


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("3 * 4 = 13", 1),
        ("3 apples * 4 = 13 apples, so 13 - 4 = 9", 1),
        ("2 + 2 = 5\n5 + 5 = 10\n1 + 1 = 3", 2),
        ("20% of 50 = 11", 1),
        ("5加3等于9", 1),
        ("٣ + ٤ = ٨", 1),
        ("5 mal 3 ergibt 16", 1),
        ("$1,000 * 3 = $300", 1),
        ("90 minutes / 2 = 30 hours", 1),
        ("100 / 8 = 14.5", 1),
        ("- 3 * 4 = 13", 1),
    ],
)
def test_what_does_not_hold_is_found(text: str, broken: int) -> None:
    """However it is written."""
    assert _verdicts(text).count("BROKEN") == broken


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x + 5 = 12",
        "2x + 3 = 7",
        "6s + 9 = 3s + 27",
        "4S + 16 = 2(S + 16)",
        "y = 3",
        "a = b",
        "(1/15)x = 6",
        "f(2) = 5",
        "if x == 3: y = x + 1",
        "```python\nx = 3 * 4 = 13\n```",
        "Week 3 of 4: = 12",
        "3 + 4 = ?",
        "3 + 4 = x",
        "1 / 0 = 7",
        "5 + 3 = eight",
        "Call 555-1234 = home",
        "2 ^ 99999 = 3",
        "http://a.b/?c=1&d=2+3=4",
        "$24 / $6 per 2 x 8 piece of wood = 4 pieces",
    ],
)
def test_algebra_code_and_names_are_no_equations(text: str) -> None:
    """What is not a sum of numbers is left alone."""
    assert "BROKEN" not in _verdicts(text)


def test_an_equation_says_what_it_is_made_of() -> None:
    """Operands, result, signs and the unit, for features of a learnt verifier."""
    (first, second) = equations_of("12 - 5 = 7 apples * 3 = 21 apples")
    assert (first.operands, first.result, first.signs) == ((Fraction(12), Fraction(5)), Fraction(21), "-")
    assert (second.operands, second.result, second.signs, second.unit) == (
        (Fraction(7), Fraction(3)),
        Fraction(21),
        "*",
        "apples",
    )
    assert first.holds is second.holds is Holds.EXACTLY


numbers = st.integers(0, 10**6).map(Fraction) | st.decimals(0, 10**4, places=2, allow_nan=False).map(Fraction)


def _written(number: Fraction) -> str:
    return str(number) if number.denominator == 1 else f"{float(number):.2f}"


@given(left=numbers, right=numbers, sign=st.sampled_from("+-*"), error=st.integers(-5, 5))
def test_sums_of_any_size_are_told_right_from_wrong(left: Fraction, right: Fraction, sign: str, error: int) -> None:
    """A true result is never called wrong; one that is off by more than rounding explains never right."""
    result = {"+": left + right, "-": left - right, "*": left * right}[sign]
    true = f"{result.numerator / result.denominator:.4f}" if result.denominator != 1 else str(result)
    assert "BROKEN" not in _verdicts(f"{_written(left)} {sign} {_written(right)} = {true}")
    wrong = result + error * max(1, abs(result))
    if error and wrong.denominator == 1:
        assert _verdicts(f"{_written(left)} {sign} {_written(right)} = {wrong}") == ["BROKEN"]


texts = st.text(max_size=200) | st.text("0123456789+-*/^()=%$ .,\nxabof\\{}×÷≈½٣", max_size=300)


@given(texts)
def test_any_text_can_be_read(text: str) -> None:
    """Nothing raises, and places lie within the text."""
    written = normalised(text)
    for token in tokens_of(written):
        assert 0 <= token.start < token.end <= len(text) * 4 + 40
    for equation in equations_of(text):
        assert 0 <= equation.start < equation.end <= len(text) * 4 + 40


@pytest.mark.parametrize(
    "piece",
    [
        "(",
        "1+",
        "1 1 ",
        "((1)",
        "1=",
        "1+1=2 ",
        "a b c 1 ",
        "\\frac{1}{",
        "1,",
        "1.",
        "9" * 50 + "^",
        "2^64*",
        "`",
        "```",
        "**",
        "-",
        "1 of ",
    ],
)
def test_hostile_texts_take_no_longer(piece: str) -> None:
    """8,000 characters, the most that is read, take well under a second, whatever they repeat."""
    started = time.perf_counter()
    equations_of((piece * 8_000)[:8_000])
    assert time.perf_counter() - started < 1
