"""An exact form that the words ask for is recognised; forms that are only spoken of are not."""

import pytest
from tests.routing.signals.looking import look

from triplepoint.routing.signals.structure import asks_structure

FORMS = [
    "Answer as JSON",
    "Give me a table with three columns",
    "Return only valid JSON",
    "in at most 100 words",
    "Write a sonnet in which every line begins with the letter S",
    "in 5 bullet points",
    "Write a 1500-word essay on Rome",
    "exactly three sentences",
    "Use the following format: name, age",
    "output in YAML",
    "list them as a markdown table",
    "用表格回答",
    "不超过100字",
    "表で答えて",
    "箇条書きで",
    "표로 정리해줘",
    "Antworte als JSON",
    "in Stichpunkten",
    "in einer Tabelle",
    "en 100 palabras",
    "dans un tableau",
    "en formato JSON",
    "в виде таблицы",
    "в формате JSON",
    "ответь в трёх предложениях",
    "em uma tabela",
    "in una tabella",
    "в двух предложениях",
    "in drei Sätzen",
    "en trois phrases",
    "Format: title, then body",
    "one word only",
]
NONE = [
    "How do I parse JSON in Python?",
    "The table is made of wood",
    "Tell me a joke",
    "What is YAML?",
    "At one point in history, Rome burned",
    "给我讲一个笑话",
    "I have a list of friends",
    "format my disk",
    "words of wisdom",
    "The lines are busy",
    "이 한 가지만 알려줘",
    "这个字怎么读？",
]


@pytest.mark.parametrize("text", FORMS)
def test_asked(text: str) -> None:
    """A form or a length that is asked for is recognised."""
    assert asks_structure((look(text),))


@pytest.mark.parametrize("text", NONE)
def test_not_asked(text: str) -> None:
    """A form that is spoken of asks for nothing."""
    assert not asks_structure((look(text),))
