"""Mathematics is recognised in many languages, by words and by shape; dates and telephone numbers are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.routing.signals.looking import look

from triplepoint.routing.signals.maths import is_maths

MATHS = [
    "What is 17 * 23?",
    "2+2",
    "Was ist 144 ÷ 12?",
    "What is 17 - 9?",
    "Solve the equation x + 3 = 7",
    "Slove teh eqation 3x + 7 = 22 fro x",
    "Compute the integral of sin(x)",
    "If Ann has 12 apples and gives away 5, how many are left?",
    "Ben is twice as old as his two sisters together. How old is he?",
    "How long do 4 pumps need for 3 pools?",
    "Wie viele Züge fahren, wenn 3 von 10 ausfallen?",
    r"Show that \frac{1}{2} is rational",
    "Реши уравнение",
    "求解方程",
    "この方程式を解いて",
    "Résous l'équation",
    "multiply and divide fractions",
    "Show that there are infinitely many primes",
]
NEITHER = [
    "Who was president in 1999-2003?",
    "He lived 1920 - 1980 in Paris.",
    "My flight is on 10/12, call +49 30 1234567",
    "How long is the Nile?",
    "Tell me about the history of Rome.",
    "给我讲一个笑话",
    "",
]


@pytest.mark.parametrize("text", MATHS)
def test_maths(text: str) -> None:
    """A text that holds arithmetic or asks for it is recognised, misspelt or not."""
    assert is_maths((look(text),))


@pytest.mark.parametrize("text", NEITHER)
def test_neither(text: str) -> None:
    """Prose, dates, years and telephone numbers are none."""
    assert not is_maths((look(text),))


@given(st.text(), st.text())
def test_any_text(before: str, after: str) -> None:
    """Whatever stands around it, a sum is recognised."""
    assert is_maths((look(f"{before} 2 + 2 {after}"),))
