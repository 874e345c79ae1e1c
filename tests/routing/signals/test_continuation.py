"""A turn that goes on with what was said is told from one that begins anew, in many languages."""

import pytest
from tests.routing.signals.looking import look

from triplepoint.routing.signals.continuation import LONGEST, goes_on, is_earlier_hard

GOES_ON = [
    "yes",
    "Yes, do it",
    "go on",
    "好的",
    "ok",
    "continue",
    "Sounds good, go ahead",
    "yes please",
    "继续",
    "好，继续",
    "はい、お願いします",
    "네 진행해주세요",
    "да, давай",
    "ja, mach das",
    "sí, adelante",
    "oui vas-y",
    "go with option b",
    "2",
    "b",
    "option 2",
    "1 and 3",
    "now do the same for the tests",
    "and with Redis?",
    "make it faster",
    "fix it",
    "Can you make it faster?",
    "try again",
    "what about Postgres?",
    "👍",
    "!",
    "ok but use Postgres",
    "把它优化一下",
    "yes, add tests too",
    "lgtm",
    "sim, continue",
    "tamam devam et",
    "evet",
    "نعم، تابع",
    "हाँ, जारी रखो",
    "có, tiếp tục đi",
    "tak, kontynuuj",
    "ano",
    "va bene, procedi",
    "Implement the plan",
    "execute all steps",
    "do it",
    "run it",
    "Proceed with the plan.",
    "sure, go for it",
    "do that",
    "keep going",
    "y",
    "k",
    "ship it",
    "Perfect. Now implement step 2",
    "can you explain that",
]
BEGINS_ANEW = [
    "What is the capital of France?",
    "ok, what is the capital of France?",
    "thanks!",
    "thank you",
    "hello",
    "bye",
    "ok thanks",
    "Write a poem about cats",
    "Tell me a joke",
    "谢谢",
    "法国的首都是哪里？",
    "是谁发明了电话？",
    "那不勒斯在哪里",
    "Danke",
    "Hi",
    "What time is it?",
    "How is the weather today?",
    "对比一下北京和上海的房价",
    "",
    "Translate 'good morning' into French",
]


@pytest.mark.parametrize("text", GOES_ON)
def test_goes_on(text: str) -> None:
    """A yes, an 'and', an option, a thumb: it goes on."""
    assert goes_on(look(text))


@pytest.mark.parametrize("text", BEGINS_ANEW)
def test_begins_anew(text: str) -> None:
    """A question of its own, thanks and greetings begin anew."""
    assert not goes_on(look(text))


def test_a_long_text_says_itself_what_it_wants() -> None:
    """However it begins, a long text is judged by its own words."""
    assert goes_on(look("yes " + "x" * (LONGEST - 4)))
    assert not goes_on(look("yes " + "x" * LONGEST))


HARD = "Plan: 1. derive the invariant, 2. prove that the cache keeps it, 3. refactor the store"
EASY = "Rome is in Italy, and the weather there is fine"


@pytest.mark.parametrize(
    ("last", "before", "expected"),
    [
        ("yes, do it", HARD, True),
        ("好的", HARD, True),
        ("yes, do it", EASY, False),
        ("What is the capital of Peru?", HARD, False),
    ],
)
def test_earlier_hard(last: str, before: str, expected: bool) -> None:
    """A yes is as hard as what it says yes to; a new question is not, nor is a yes to small talk."""
    assert is_earlier_hard(look(last), (look(""), look(before))) is expected
