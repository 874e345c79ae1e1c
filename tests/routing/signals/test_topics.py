"""Code and mathematics are recognised in many languages, and ordinary prose is left alone."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.routing.signals.topics import topics_of

CODE = [
    "Write a Python script that renames files",
    "```js\nconst a = 1\n```",
    "why do I get a NullPointerException here?",
    "SELECT name FROM users; is this SQL right?",
    "Schreibe eine Funktion, die einen Algorithmus in Java umsetzt",
    "Écris une fonction récursive: le code doit être en Rust",
    "Escribe una función en código Swift",
    "Напиши функцию и код к ней",
    "写一个函数来反转字符串",
    "この関数を説明して",
    "이 프로그램을 고쳐줘",
    "for (int i = 0; i < n; i++) { sum += i; }",
    "#include <stdio.h>",
    "Implement a function that parses dates",
]
MATHS = [
    "What is 17 * 23?",
    "2+2",
    "Was ist 144 ÷ 12?",
    "What is 17 - 9?",
    "Solve the equation x + 3 = 7",
    "Compute the integral of sin(x)",
    "If Ann has 12 apples and gives away 5, how many are left?",
    "Wie viele Züge fahren, wenn 3 von 10 ausfallen?",
    r"Show that \frac{1}{2} is rational",
    "Реши уравнение",
    "求解方程",
    "この方程式を解いて",
    "Résous l'équation",
    "multiply and divide fractions",
]
NEITHER = [
    "Tell me about the history of Rome.",
    "Write a poem about the sea",
    "Who was president in 1999-2003?",
    "He lived 1920 - 1980 in Paris.",
    "My flight is on 10/12, call +49 30 1234567",
    "Übersetze das ins Englische: Guten Morgen",
    "Расскажи сказку про лису",
    "给我讲一个笑话",
    "I import coffee from Brazil",
    "The loop of the river is beautiful",
    "",
]


@pytest.mark.parametrize("text", CODE)
def test_code(text: str) -> None:
    """A text that holds code or asks for it is recognised."""
    assert topics_of(text)[0]


@pytest.mark.parametrize("text", MATHS)
def test_maths(text: str) -> None:
    """A text that holds arithmetic or asks for it is recognised."""
    assert topics_of(text)[1]


@pytest.mark.parametrize("text", NEITHER)
def test_neither(text: str) -> None:
    """Prose, dates, years and telephone numbers are neither."""
    assert topics_of(text) == (False, False)


@given(st.text(), st.text())
def test_any_text(before: str, after: str) -> None:
    """Whatever stands around it, a request for code and sums is recognised as both."""
    assert topics_of(f"{before} Write a Python script for 2 + 2 {after}") == (True, True)


@pytest.mark.parametrize("piece", ["1 ", "- ", "`", "1-", "a ", "(", "é1+", "how many "])
def test_linear(piece: str) -> None:
    """Time grows with the length and no faster, whatever the text is made of."""

    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            topics_of(text)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(400_000) < 40 * seconds(40_000) + 0.005
