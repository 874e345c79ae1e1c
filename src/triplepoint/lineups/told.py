"""What a request may tell of itself in words of a closed set: its language, and what an agent's request is for.

They stand here because a rule of a line-up may name them (`model.RuleCondition`); what reads them from a request is
`routing.signals`.
"""

from enum import StrEnum

from pydantic_core import PydanticCustomError


class Language(StrEnum):
    """Language of the last three turns, by ISO 639-1."""

    AMHARIC = "am"
    ARABIC = "ar"
    BELARUSIAN = "be"
    BULGARIAN = "bg"
    BENGALI = "bn"
    CATALAN = "ca"
    CZECH = "cs"
    DANISH = "da"
    GERMAN = "de"
    GREEK = "el"
    ENGLISH = "en"
    SPANISH = "es"
    PERSIAN = "fa"
    FINNISH = "fi"
    FRENCH = "fr"
    GUJARATI = "gu"
    HEBREW = "he"
    HINDI = "hi"
    CROATIAN = "hr"
    HUNGARIAN = "hu"
    ARMENIAN = "hy"
    INDONESIAN = "id"
    ITALIAN = "it"
    JAPANESE = "ja"
    GEORGIAN = "ka"
    KAZAKH = "kk"
    KHMER = "km"
    KANNADA = "kn"
    KOREAN = "ko"
    LAO = "lo"
    MACEDONIAN = "mk"
    MALAYALAM = "ml"
    MONGOLIAN = "mn"
    MARATHI = "mr"
    BURMESE = "my"
    DUTCH = "nl"
    NORWEGIAN = "no"
    ODIA = "or"
    PUNJABI = "pa"
    POLISH = "pl"
    PORTUGUESE = "pt"
    ROMANIAN = "ro"
    RUSSIAN = "ru"
    SINHALA = "si"
    SERBIAN = "sr"
    SWEDISH = "sv"
    SWAHILI = "sw"
    TAMIL = "ta"
    TELUGU = "te"
    THAI = "th"
    TAGALOG = "tl"
    TURKISH = "tr"
    UKRAINIAN = "uk"
    URDU = "ur"
    VIETNAMESE = "vi"
    CHINESE = "zh"
    MIXED = "mixed"
    """Two languages share the text."""


def language_code(value: object) -> object:
    """Refuse a language that is written otherwise than by its code, and say which code that is.

    Raises: PydanticCustomError: for ``German``, ``de-AT``; what is no language at all is for the type to refuse.
    """
    if isinstance(value, str) and value not in set(Language):
        code = Language.__members__.get(value.upper(), value.replace("_", "-").partition("-")[0].lower())
        if code in set(Language):
            raise PydanticCustomError("language_code", "{value} is no code", {"value": repr(value), "fix": f"write {code}"})
    return value


class RequestClass(StrEnum):
    """What an agent's headers or its request say that a request is for."""

    MAIN = "main"
    """What a person asked the agent for, or its tools' results."""
    SUBAGENT = "subagent"
    """Work that the agent handed to another."""
    COMPACTION = "compaction"
    """A long conversation is put into a summary that takes its place."""
    TITLE = "title"
    """A name for the conversation."""
    BACKGROUND = "background"
    """Everything else that nobody waits for: probes, suggestions, memories, classifiers."""
