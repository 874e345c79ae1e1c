"""Code is recognised in many languages, and ordinary prose is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.routing.signals.looking import look

from triplepoint.routing.signals.code import is_code

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
PROSE = [
    "Tell me about the history of Rome.",
    "Write a poem about the sea",
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
    assert is_code((look(text),))


@pytest.mark.parametrize("text", PROSE)
def test_prose(text: str) -> None:
    """Prose that uses a word of programmers' is no code."""
    assert not is_code((look(text),))


def test_weak_words_add_up_over_texts() -> None:
    """Two weak words decide wherever they stand; one alone does not."""
    assert is_code((look("about that algorithm"), look("is the library any good?")))
    assert not is_code((look("about that library"), look("is the library any good?")))


@given(st.text(), st.text())
def test_any_text(before: str, after: str) -> None:
    """Whatever stands around it, a request for code is recognised."""
    assert is_code((look(f"{before} Write a Python script {after}"),))
