"""The numbers of a text, written in digits or, in English, in words: *three*, *twice*, *half a dozen*."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from triplepoint.routing.escalation.symbols import Kind, Token

NUMBER_WORDS: Final = {
    word: Fraction(value)
    for word, value in {
        "zero": "0",
        "one": "1",
        "once": "1",
        "two": "2",
        "twice": "2",
        "double": "2",
        "pair": "2",
        "couple": "2",
        "three": "3",
        "thrice": "3",
        "triple": "3",
        "four": "4",
        "five": "5",
        "six": "6",
        "seven": "7",
        "eight": "8",
        "nine": "9",
        "ten": "10",
        "eleven": "11",
        "twelve": "12",
        "dozen": "12",
        "thirteen": "13",
        "fourteen": "14",
        "fifteen": "15",
        "sixteen": "16",
        "seventeen": "17",
        "eighteen": "18",
        "nineteen": "19",
        "twenty": "20",
        "thirty": "30",
        "forty": "40",
        "fifty": "50",
        "sixty": "60",
        "seventy": "70",
        "eighty": "80",
        "ninety": "90",
        "hundred": "100",
        "thousand": "1000",
        "half": "1/2",
        "third": "1/3",
        "quarter": "1/4",
        "fourth": "1/4",
        "fifth": "1/5",
    }.items()
}


def numbers_of(tokens: Iterable[Token]) -> list[Fraction]:
    """Return the numbers of a text in their order."""
    found: list[Fraction] = []
    for token in tokens:
        if token.kind is Kind.NUMBER:
            found.append(token.value)
        elif token.kind is Kind.WORD:
            found += [NUMBER_WORDS[part] for part in token.text.split("-") if part in NUMBER_WORDS]
    return found
