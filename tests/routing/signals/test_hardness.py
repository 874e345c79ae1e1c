"""Hard work is told from small talk by its words, in many languages; neither length nor a greeting's phrases make it."""

import unicodedata

import pytest
from tests.routing.signals.looking import look

from triplepoint.routing.signals.hardness import is_hard

HARD = [
    "Prove that there are infinitely many primes congruent to 3 modulo 4",
    "A nucleophilic substitution at a chiral carbon inverts the stereochemistry; which enantiomer forms, and why?",
    "A promisor repudiates. Which remedies for breach of contract does the plaintiff have if damages are inadequate?",
    "A 54-year-old patient presents with crushing chest pain; give the differential diagnosis and the first treatment",
    "Compare TCP and QUIC for our video calls: use cases, performance under packet loss, and what the migration would take",
    "Build a distributed rate limiter in Python backed by Redis",
    "Refactor this module so that the store is injected",
    "What is the root cause of this race condition?",
    "证明根号2是无理数",
    "设计一个分布式缓存的架构",
    "素数が無限にあることを証明して",
    "소수가 무한하다는 것을 증명해줘",
    unicodedata.normalize("NFD", "소수가 무한하다는 것을 증명해줘"),
    "Докажи, что корень из двух иррационален",
    "Beweise, dass die Wurzel aus 2 irrational ist",
    "Démontre que la racine de deux est irrationnelle",
    "Demuestra que la raíz de 2 es irracional",
    "أثبت أن الجذر التربيعي لاثنين غير نسبي",
    "सिद्ध करें कि 2 का वर्गमूल अपरिमेय है",
    "Udowodnij, że pierwiastek z 2 jest niewymierny",
    "Kanıtla ki kök 2 irrasyoneldir",
    "Chứng minh rằng căn bậc hai của 2 là số vô tỉ",
]
EASY = [
    "hi, step by step, pros and cons",
    "Tell me a joke",
    "What is the capital of France?",
    "Write a Python script that renames files",
    "Thanks!",
    "Translate this into German",
    "yes",
    "2+2",
    "Who won the 1998 World Cup?",
    "Tell me about Gothic architecture",
    "给我讲一个笑话",
    "Summarise this article in three sentences",
    "What time is it in Tokyo?",
    "Explain bird migration to a child",
    "What's a good plan for a weekend in Rome?",
]


@pytest.mark.parametrize("text", HARD)
def test_hard(text: str) -> None:
    """A text that asks for a proof, a design, a diagnosis or the like is hard."""
    assert is_hard(look(text))


@pytest.mark.parametrize("text", EASY)
def test_easy(text: str) -> None:
    """Small talk, facts, translations and short code are not, whatever phrase they borrow."""
    assert not is_hard(look(text))
