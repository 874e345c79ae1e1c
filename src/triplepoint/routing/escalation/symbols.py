"""Cuts a text into numbers, signs and words, in one pass and whatever its language, so that its sums can be read.

Digits of every script count, decimal points and decimal commas, thousands set apart, fractions as one character, LaTeX
as chat models write it. Code between fences is left out: what stands there is meant for a machine. Nothing here can
take long: every pattern goes forward only, and what is read is bounded by the caller.
"""

import re
import sys
import unicodedata
from enum import IntEnum
from fractions import Fraction
from typing import Final

import msgspec

MOST_DIGITS: Final = 30
"""A longer number is no amount; it is read as a word."""


class Kind(IntEnum):
    """What a token is."""

    NUMBER = 1
    SIGN = 2
    """One of ``+ - * / ^ ( )``."""
    EQUALS = 3
    WORD = 4
    BREAK = 5
    """Whatever ends a sum: punctuation, the end of a line."""


class Token(msgspec.Struct, frozen=True, gc=False):
    """One token."""

    kind: Kind
    text: str
    """As normalised; of a word, in lower case, but a letter that stands alone as it is."""
    start: int
    """Place in the normalised text."""
    end: int
    value: Fraction = Fraction(0)
    """Of a number, read with a decimal point."""
    other: Fraction | None = None
    """The same read with a decimal comma, where it may be one: ``1.234`` and ``1,234``."""
    decimals: int = 0
    """Digits behind the point."""
    is_percent: bool = False
    is_money: bool = False
    """A currency's sign stands before it or behind it."""
    is_attached: bool = False
    """No blank stands before it."""


def _digits() -> dict[int, str]:
    """Map the digits of every script to ours."""
    found: dict[int, str] = {}
    for code in range(0x660, min(sys.maxunicode, 0x1FBFF) + 1):
        character = chr(code)
        if unicodedata.category(character) == "Nd":
            found[code] = str(unicodedata.decimal(character))
    return found


_SAME: Final = _digits() | {
    ord(character): plain
    for plain, characters in {
        "*": "×·⋅∙✕✖＊",
        "/": "÷∕⁄／",
        "-": "−–—‒－",
        "=": "＝",
        "+": "＋",
        "≈": "≃≅≒",
        "%": "％٪",
        "(": "（",
        ")": "）",
        ",": "，",
        ".": "。．٫",
        "'": "’",
        " ": "\u00a0\u202f\u2009\u2007",
    }.items()
    for character in characters
}
_POWERS: Final = {"²": "^2", "³": "^3"}
_PARTS: Final = {"½": "0.5", "¼": "0.25", "¾": "0.75", "⅓": "1/3", "⅔": "2/3", "⅛": "0.125", "⅕": "0.2"}
_LATEX: Final = {
    r"\*": "*",
    r"\times": "*",
    r"\cdot": "*",
    r"\div": "/",
    r"\approx": "≈",
    r"\%": "%",
    r"\$": "$",
    r"\left": "",
    r"\right": "",
    r"\,": " ",
    r"\;": " ",
    r"\!": "",
    r"\(": " ",
    r"\)": " ",
    r"\[": " ",
    r"\]": " ",
    "{,}": ",",
}
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_ADDRESS = re.compile(r"\bhttps?://\S+")
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]{1,80})\}\{([^{}]{1,80})\}")
_TEXT = re.compile(r"\\(?:text|mathrm|textbf|mathbf)\{([^{}]{0,80})\}")
_BULLET = re.compile(r"^[ \t]*[-*•][ \t]+", re.MULTILINE)
_MARKS = re.compile(r"\*\*|__|`|\$\$")
_TOKEN = re.compile(
    r"""
    (?P<number> \d{1,3}(?:[,']\d{3})+(?:\.\d+)?(?![\d]) | \d{1,3}(?:\.\d{3})+,\d+ | \d+[.,]\d+ | \d+ | (?<![\w.])\.\d+ )
    | (?P<word> [^\W\d_]+ (?: ['-] [^\W\d_]+ )* )
    | (?P<sign> [-+*/^()] )
    | (?P<equals> [=≈] )
    | (?P<money> [$€£¥₹₽₩] )
    | (?P<percent> % )
    | (?P<break> [^\s] | \n )
    """,
    re.VERBOSE,
)
_COMMA_DECIMALS = re.compile(r"\d+,\d+\Z")
_POINT_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+\Z")


def normalised(text: str) -> str:
    """Write a text with one sign for each operation, LaTeX undone, code between fences and addresses left out."""
    if "```" in text:
        text = _FENCED.sub("\n", text)
    if "://" in text:
        text = _ADDRESS.sub(" ", text)
    text = text.translate(_SAME)
    if "\\" in text:
        for _ in range(2):  # one fraction inside another
            text = _FRACTION.sub(r"(\1)/(\2)", text)
        text = _TEXT.sub(r" \1 ", text)
        for name, plain in _LATEX.items():
            text = text.replace(name, plain)
    for power, plain in _POWERS.items():
        text = text.replace(power, plain)
    for part, plain in _PARTS.items():
        if part in text:
            text = re.sub(rf"(?<=\d){part}", plain[1:] if plain[0] == "0" else f" {plain}", text).replace(part, plain)
    return _BULLET.sub("", _MARKS.sub(" ", text))


def tokens_of(text: str) -> list[Token]:
    """Cut a normalised text into tokens; blanks and currencies have none of their own."""
    tokens: list[Token] = []
    last_end, has_money = -1, False
    for found in _TOKEN.finditer(text):
        start, end = found.span()
        group = found.lastgroup
        is_attached = start == last_end
        last_end = end
        if group == "money":
            has_money = True
            if is_attached and tokens and tokens[-1].kind is Kind.NUMBER:
                tokens[-1] = msgspec.structs.replace(tokens[-1], is_money=True)
            continue
        if group == "percent":
            if tokens and tokens[-1].kind is Kind.NUMBER:
                tokens[-1] = msgspec.structs.replace(tokens[-1], is_percent=True)
            continue
        tokens.append(_token(group, found[0], start, end, is_attached=is_attached and not has_money, is_money=has_money))
        has_money = False
    return tokens


def _token(group: str | None, text: str, start: int, end: int, *, is_attached: bool, is_money: bool) -> Token:
    match group:
        case "number" if sum(map(str.isdigit, text)) <= MOST_DIGITS:
            value, other, decimals = _read(text)
            return Token(Kind.NUMBER, text, start, end, value, other, decimals, is_money=is_money, is_attached=is_attached)
        case "sign":
            return Token(Kind.SIGN, text, start, end, is_attached=is_attached)
        case "equals":
            return Token(Kind.EQUALS, text, start, end, is_attached=is_attached)
        case "break":
            return Token(Kind.BREAK, text, start, end, is_attached=is_attached)
        case _:
            return Token(Kind.WORD, text.lower() if len(text) > 1 else text, start, end, is_attached=is_attached)


def _read(text: str) -> tuple[Fraction, Fraction | None, int]:
    """Read a number: its value, its other value, digits behind the point."""
    plain = text.replace("'", "")
    if "," in plain and "." in plain:
        point = max(plain.rfind(","), plain.rfind("."))
        whole, part = plain[:point].replace(",", "").replace(".", ""), plain[point + 1 :]
        return Fraction(f"{whole}.{part}"), None, len(part)
    if "," in plain:
        if _COMMA_DECIMALS.match(plain):
            part = plain[plain.index(",") + 1 :]
            decimal = Fraction(plain.replace(",", "."))
            if len(part) != 3:
                return decimal, None, len(part)
            return Fraction(plain.replace(",", "")), decimal, 0
        return Fraction(plain.replace(",", "")), None, 0
    decimals = len(plain) - plain.index(".") - 1 if "." in plain else 0
    other = Fraction(plain.replace(".", "")) if _POINT_THOUSANDS.match(plain) and not plain.startswith("0") else None
    return Fraction(f"0{plain}" if plain.startswith(".") else plain), other, decimals
