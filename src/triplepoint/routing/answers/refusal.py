"""Is an answer a refusal?

By the words that models open a refusal with, in the languages that most requests come in. A list, not a classifier: it reads
the first sentence or two of a short answer, so a long answer that regrets something in passing is none.
"""

from typing import Final

from triplepoint.routing.answers.model import Said

READ_CHARS: Final = 240
"""Of the beginning; a refusal says so at once."""
LONGEST_CHARS: Final = 1_200
"""An answer that is longer has something to say."""

_OPENINGS: Final = (
    *("i can't help", "i cannot help", "i can't assist", "i cannot assist", "i'm unable to", "i am unable to"),
    *("i won't be able to", "i'm not able to", "i am not able to", "i can't provide", "i cannot provide"),
    *("i can't comply", "i cannot comply", "i must decline", "i have to decline", "i can't fulfill", "i cannot fulfill"),
    *("i can't answer", "i cannot answer", "i can't do that", "i cannot do that", "i can't create", "i cannot create"),
    *("i can't discuss", "i cannot discuss", "i won't help", "i will not help", "as an ai language model, i can"),
    *("ich kann dabei nicht helfen", "dabei kann ich nicht helfen", "ich kann ihnen dabei nicht", "ich kann dir dabei nicht"),
    *("das kann ich nicht beantworten", "ich darf das nicht", "je ne peux pas vous aider", "je ne peux pas t'aider"),
    *("je ne suis pas en mesure", "je ne peux pas répondre", "no puedo ayudar", "no puedo proporcionar", "no puedo responder"),
    *("não posso ajudar", "não posso fornecer", "non posso aiutar", "non posso fornire", "я не могу помочь"),
    *("не могу помочь", "не могу ответить", "我无法", "我無法", "我不能", "无法提供", "無法提供", "抱歉，我无", "抱歉，我不能"),
    *(
        "daar kan ik niet bij helpen",
        "ik kan je daar niet mee helpen",
        "nie mogę pomóc",
        "nie mogę w tym pomóc",
        "не можу допомогти",
    ),
    *("yardımcı olamam", "yardımcı olamıyorum", "tôi không thể giúp", "tôi không thể cung cấp", "saya tidak dapat membantu"),
    *(
        "saya tidak bisa membantu",
        "jag kan inte hjälpa",
        "لا أستطيع مساعدت",
        "لا يمكنني مساعدت",
        "لا أستطيع المساعدة",
        "لا يمكنني تقديم",
    ),
    *("मैं इसमें मदद नहीं कर सकता", "मैं मदद नहीं कर सकता", "मैं आपकी मदद नहीं कर सकता", "ฉันไม่สามารถช่วย", "ไม่สามารถให้ข้อมูล"),
    *("申し訳ありませんが、", "お手伝いできません", "お答えできません", "도와드릴 수 없", "답변할 수 없"),
)


def refuses(said: Said) -> bool:
    """Tell whether an answer is a refusal; one that calls a tool is none."""
    if said.calls:
        return False
    if said.refused:
        return True
    text = said.text.strip()
    if len(text) > LONGEST_CHARS:
        return False
    opening = text[:READ_CHARS].lower().replace("\u2019", "'").replace("can not", "cannot")
    return any(words in opening for words in _OPENINGS)
