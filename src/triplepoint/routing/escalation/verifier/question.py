"""What can be counted in a question."""

import re
from typing import Final

from triplepoint.routing.escalation.quantities import numbers_of
from triplepoint.routing.escalation.symbols import Kind, Token

_SENTENCES = re.compile(r"(?<=[.?!。？！])\s*(?=\S)")
KINDS: Final = {
    "more": re.compile(r"how (?:many|much) more|fewer|less than|more than|difference"),
    "left": re.compile(r"left|remain|change|still"),
    "total": re.compile(r"total|altogether|in all|combined|together"),
    "each": re.compile(r"\beach\b|\bper\b|average|every"),
    "percent": re.compile(r"percent|%"),
    "part": re.compile(r"\bhalf|third|quarter|fourth|fifth|\d/\d"),
    "times": re.compile(r"times|twice|double|triple"),
    "time": re.compile(r"hour|minute|day|week|month|year"),
    "money": re.compile(r"\$|dollar|cent|cost|price|pay|earn"),
    "if": re.compile(r"\bif\b"),
    "age": re.compile(r"years old|\bage\b"),
    "speed": re.compile(r"mph|per hour|speed"),
    "trade": re.compile(r"profit|discount|tax|tip|interest|save|sale"),
    "order": re.compile(r"\bthen\b|\bafter\b|\bbefore\b"),
    "but": re.compile(r"\bonly\b|except|but\b|instead|rest"),
}
"""Kinds of questions by their words, each counted in the whole question and looked for in its last sentence."""


def sentences_of(text: str) -> list[str]:
    """Cut a text into sentences."""
    return [one for one in _SENTENCES.split(text.strip()) if one]


def question_features(text: str, tokens: list[Token]) -> dict[str, float]:
    """Count what is in a question.

    Args:
        text: In lower case.
        tokens: Of it, normalised.
    """
    sentences = sentences_of(text)
    last = sentences[-1] if sentences else ""
    found = {
        "question_chars": float(len(text)),
        "question_words": float(len(text.split())),
        "question_sentences": float(len(sentences)),
        "question_numbers": float(len(numbers_of(tokens))),
        "question_digits": float(sum(token.kind is Kind.NUMBER for token in tokens)),
    }
    for name, pattern in KINDS.items():
        found[f"question_{name}"] = float(len(pattern.findall(text)))
        found[f"asked_{name}"] = float(pattern.search(last) is not None)
    return found
