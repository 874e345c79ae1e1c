"""Does an answer come to anything? Not if it refuses, does not know, breaks off, or lacks the result that was asked for."""

import re
from typing import Final

from triplepoint.routing.answers.model import Said
from triplepoint.routing.answers.refusal import refuses
from triplepoint.routing.escalation.asked import ends_of
from triplepoint.routing.escalation.demands import demands_of
from triplepoint.routing.escalation.model import Asked

_READ_CHARS: Final = 160
"""Of the beginning: one that does not know says so at once."""
_LONGEST_CHARS: Final = 500
"""A longer answer has found something to say."""

_UNKNOWING: Final = (
    *("i don't know", "i do not know", "i'm not sure", "i am not sure", "i have no idea", "i don't have enough information"),
    *("i do not have enough information", "i'm not certain", "cannot be determined", "can't be determined"),
    *("there is not enough information", "there isn't enough information", "impossible to determine", "no idea."),
    *("ich weiß es nicht", "ich weiß nicht", "das weiß ich nicht", "ich bin mir nicht sicher", "lässt sich nicht bestimmen"),
    *("je ne sais pas", "je ne suis pas sûr", "impossible de déterminer", "no lo sé", "no sé", "no estoy seguro"),
    *("não sei", "não tenho certeza", "non lo so", "non so", "non sono sicur", "ik weet het niet", "ik weet niet"),
    *("nie wiem", "я не знаю", "не знаю", "не уверен", "я не уверен", "не знаю", "bilmiyorum", "emin değilim"),
    *(
        "tôi không biết",
        "saya tidak tahu",
        "jag vet inte",
        "لا أعرف",
        "لا أعلم",
        "मुझे नहीं पता",
        "我不知道",
        "我不确定",
        "我不確定",
    ),
    *("无法确定", "無法確定", "わかりません", "分かりません", "모르겠습니다", "잘 모르겠", "ไม่ทราบ", "ฉันไม่รู้"),
)
_OPEN_ENDS: Final = (",", ":", ";", "(", "[", "{", "=", "+", "<<", "，", "：", "；", "、", "（", "…", "...")
"""What no answer ends with."""
_HASHED = re.compile(r"####[ \t]*\S")
_BOXED = re.compile(r"\\boxed\s*\{\s*[^\s}]")


def why_no_answer(said: Said, asked: Asked) -> str | None:
    """Say why an answer comes to nothing; None where it comes to something. Calls of tools are something."""
    if said.calls:
        return None
    if refuses(said):
        return "it refused"
    text = said.text.strip()
    if _does_not_know(text):
        return "it did not know"
    if text.rstrip("*_ ").endswith(_OPEN_ENDS) or (text.count("```") % 2 and not asked.wanted.json):
        return "it broke off in the middle"
    return None if asked.wanted.json else _lacks_result(text, asked)


def _does_not_know(text: str) -> bool:
    if len(text) > _LONGEST_CHARS:
        return False
    opening = text[:_READ_CHARS].lower().replace("\u2019", "'")
    return opening.startswith(_UNKNOWING) or any(f"{start}{words}" in opening for words in _UNKNOWING for start in (", ", ". "))


def _lacks_result(text: str, asked: Asked) -> str | None:
    demands = demands_of(asked.text)
    end = ends_of(text)
    if demands.hashes and not _HASHED.search(end):
        return "it came to no answer"
    if demands.boxed and not _BOXED.search(end):
        return "it came to no answer"
    if demands.options and not _names_option(end, demands.options):
        return "it chose none of the options"
    return None


def _names_option(text: str, options: tuple[tuple[str, str], ...]) -> bool:
    """Tell whether an answer names an option, by its letter or in its words."""
    letters = "".join(letter for letter, _ in options)
    if re.search(rf"(?<![^\W_])[{letters}](?![^\W_])", text):
        return True
    lower = text.lower()
    return any(words and words in lower for _, words in options)
