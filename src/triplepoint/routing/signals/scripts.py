"""How a text's letters divide among scripts, and which language each script stands for.

Counted are the first bytes of characters in UTF-8, which say the script (U+4E00 and what follows begins with E4 to E9), at C
speed. An amount is in words, not letters, so that two scripts compare: a Chinese word has about 1.6 characters, an English one
5.
"""

from collections.abc import Callable, Mapping
from typing import Final

LATIN: Final = "latin"

_LETTERS_OF_A_WORD: Final = 5.0
_HAN_OF_A_WORD: Final = 1.6
_SYLLABLES_OF_A_WORD: Final = 2.5
"""Kana, Hangul."""

_FIRST_BYTES: Final = {
    LATIN: range(0xC3, 0xCB), "greek": range(0xCE, 0xD0), "cyrillic": range(0xD0, 0xD4), "armenian": range(0xD4, 0xD7),
    "hebrew": range(0xD7, 0xD8), "arabic": range(0xD8, 0xDC), "e0": range(0xE0, 0xE1), "e1": range(0xE1, 0xE2),
    "kana": range(0xE3, 0xE4), "han": range(0xE4, 0xEA), "hangul": range(0xEA, 0xEE),
}  # fmt: skip
_CLASSES: Final = {name: bytes([97 + number]) for number, name in enumerate(_FIRST_BYTES)}
_TO_CLASS: Final = b"".join(
    next((_CLASSES[name] for name, first in _FIRST_BYTES.items() if byte in first), b"\0") for byte in range(256)
)
_NO_FIRST_BYTE: Final = bytes(byte for byte in range(256) if not _TO_CLASS[byte])
_NO_LETTER: Final = bytes(set(range(256)) - set(range(ord("a"), ord("z") + 1)))

_AFTER_E0: Final = {
    "hi": (0xA4, 0xA5), "bn": (0xA6, 0xA7), "pa": (0xA8, 0xA9), "gu": (0xAA, 0xAB), "or": (0xAC, 0xAD), "ta": (0xAE, 0xAF),
    "te": (0xB0, 0xB1), "kn": (0xB2, 0xB3), "ml": (0xB4, 0xB5), "si": (0xB6, 0xB7), "th": (0xB8, 0xB9), "lo": (0xBA, 0xBB),
}  # fmt: skip
_AFTER_E1: Final = {
    "my": (0x80, 0x81), "ka": (0x83,), "am": (0x88, 0x89, 0x8A, 0x8B, 0x8C, 0x8D), "km": (0x9E, 0x9F), LATIN: (0xBA, 0xBB)
}  # fmt: skip
"""The last: Vietnamese letters."""
_KANA: Final = (b"\xe3\x81", b"\xe3\x82", b"\xe3\x83")
"""Other characters that begin with E3 are punctuation."""
_KANA_OF_JAPANESE: Final = 0.1
"""Part of kana among kana and Han from which on a text is Japanese."""

_CYRILLIC: Final = (("be", "ў"), ("kk", "әғқұһ"), ("uk", "їєґі"), ("mn", "өү"), ("mk", "ѓќѕ"), ("sr", "ђћљњџј"), ("ru", "ыэё"))
"""Letters that the languages after it do not have."""
_BULGARIAN: Final = (" ще ", " това ", " как ", " са ", " съм ", " със ", " от ", " за ", "ъ")
_ARABIC: Final = (("ur", "ٹڈڑںےہ"), ("fa", "پچژگی"))
_MARATHI: Final = ("आहे", "आणि", "मध्ये", "काय")
_FEW_SIGNS: Final = 2


def shares(data: bytes) -> Mapping[str, float]:
    """Divide a text among languages, by its scripts.

    Args:
        data: Lower case UTF-8.
    Returns: By language, `LATIN` for all that write so, about how many words of it there are.
    """
    firsts = data.translate(_TO_CLASS, _NO_FIRST_BYTE)
    counts = {name: count for name, letter in _CLASSES.items() if (count := firsts.count(letter))}
    found: dict[str, float] = {}
    if letters := len(data.translate(None, _NO_LETTER)) + counts.pop(LATIN, 0):
        found[LATIN] = letters / _LETTERS_OF_A_WORD
    han, kana = counts.pop("han", 0), _kana(data) if counts.pop("kana", 0) else 0
    if han or kana:
        is_japanese = kana >= _KANA_OF_JAPANESE * (kana + han)
        found["ja" if is_japanese else "zh"] = han / _HAN_OF_A_WORD + kana / _SYLLABLES_OF_A_WORD
    if hangul := counts.pop("hangul", 0):
        found["ko"] = hangul / _SYLLABLES_OF_A_WORD
    for script, count in counts.items():
        language = _LANGUAGES[script](data)
        found[language] = found.get(language, 0.0) + count / _LETTERS_OF_A_WORD
    return found


def _kana(data: bytes) -> int:
    return sum(data.count(prefix) for prefix in _KANA)


def _cyrillic(data: bytes) -> str:
    text = data.decode(errors="replace")
    for language, letters in _CYRILLIC:
        if any(letter in text for letter in letters):
            return language
    return "bg" if sum(sign in text for sign in _BULGARIAN) >= _FEW_SIGNS else "ru"


def _arabic(data: bytes) -> str:
    for language, letters in _ARABIC:
        if any(letter.encode() in data for letter in letters):
            return language
    return "ar"


def _after_e0(data: bytes) -> str:
    language = _most_seconds(data, 0xE0, _AFTER_E0)
    return "mr" if language == "hi" and sum(word.encode() in data for word in _MARATHI) >= 1 else language


def _after_e1(data: bytes) -> str:
    return _most_seconds(data, 0xE1, _AFTER_E1)


def _most_seconds(data: bytes, first: int, languages: Mapping[str, tuple[int, ...]]) -> str:
    return max(languages, key=lambda language: sum(data.count(bytes((first, second))) for second in languages[language]))


_LANGUAGES: Final[Mapping[str, Callable[[bytes], str]]] = {
    "greek": lambda _data: "el",
    "cyrillic": _cyrillic,
    "armenian": lambda _data: "hy",
    "hebrew": lambda _data: "he",
    "arabic": _arabic,
    "e0": _after_e0,
    "e1": _after_e1,
}
