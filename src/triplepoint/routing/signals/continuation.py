"""Signal `earlier_hard`: the last turn goes on with hard work of a turn before it.

"Yes, do it" after a hard plan is as hard as the plan, and the words alone would send it to the cheapest model (BerriAI/litellm
pull request 35471). A new question after a hard one is judged by its own words. So two things are asked: does the last turn go
on with what was said (`goes_on`), and was that hard (`hardness`), in the two turns before, the model's plan included.

A text goes on where it is short and says hardly more than yes, begins with a yes or an "and", or points back with a verb and
"it". A question of its own does not, though it begins with "ok"; nor do thanks. In doubt a text does not go on: then its own
words decide, as for every first turn.
"""

import itertools
import re
from typing import Final

from triplepoint.routing.signals.hardness import is_hard
from triplepoint.routing.signals.words import Words, listed, spaceless

LONGEST: Final = 200
"""Characters; a longer text says itself what it wants."""
_LONGEST_UNSPACED: Final = 40

_YES: Final = listed("""
    yes yeah yep yup ok okay sure continue proceed go lgtm approve approved agreed confirmed correct exactly absolutely perfect
    sounds looks y k ja jawohl weiter einverstanden genau passt klar los oui vas-y accord parfait exactement poursuis procède
    sí si vale adelante continúa continua sigue procede dale hazlo perfecto sim pode prossiga certo beleza va procedi avanti
    prima akkoord doorgaan tak dobrze kontynuuj dalej jasne evet tamam devam olur ya lanjut lanjutkan setuju oke có tiếp được ừ
    da continuă bine ano pokračuj jo fortsätt fortsæt fortsett igen kyllä joo igen folytasd rendben да давай давайте продолжай
    дальше хорошо ок ладно сделай верно так продовжуй добре نعم حسنا حسنًا استمر تابع تمام موافق أكمل हाँ हां जी ठीक जारी হ্যাঁ
    כן המשך ναι συνέχισε
""")
_GOING_ON: Final = listed("""
    and also but then now next again so plus instead additionally or keep try retry
    und auch aber dann jetzt nochmal et aussi mais puis maintenant y también pero entonces ahora e também mas então agora
    anche ma poi ora en ook maar dan nu oraz też ale teraz ve ayrıca ama şimdi и а но также теперь ещё еще затем
""")
"""With one of these as its first word a short text goes on."""
_BACK: Final = listed("it this that them these those both all everything above plan steps step option rest same")
_ACTING: Final = listed("""
    do make fix run apply implement execute finish explain simplify shorten expand rewrite change test ship start write add use
    build repeat check improve translate extend convert try commit deploy with about of on the
""")
_THANKS: Final = listed("""
    thanks thank you danke merci gracias obrigado obrigada grazie bedankt dziękuję teşekkürler спасибо bye hello hi tschüss
""")
_ASKING: Final = listed("""
    what what's who where when which whose how why was wer wo wann welche welcher wie warum que qui où quand quel quelle comment
    pourquoi combien qué quién dónde cuándo cuál cómo o quem onde qual como che chi dove quando quale wat waar wanneer hoe
    что кто где когда какой какая как почему сколько ne kim nerede nasıl apa siapa bagaimana gì ai đâu
""")
_NODS_UNSPACED: Final = spaceless("好 行 是 对 對 嗯 可以 네 예 응 はい うん ใช่ ได้ ตกลง")
"""Alone, or before a comma."""
_STARTS_UNSPACED: Final = spaceless("""
    好的 是的 对的 继续 繼續 接着 接著 开始吧 開始吧 没问题 沒問題 同意 确认 確認 就这样 就這樣 执行 執行 下一步 然后 然後 还有
    還有 那么 那就 はい お願い 続け 進めて 了解 そうして それで 次は 次に じゃあ 좋아 그래 계속 진행 알겠 그럼
""")
_BACK_UNSPACED: Final = spaceless("它 上面 上述 刚才 剛才 上記 さっきの それを これを 그걸 이걸 그것을")
_OPTION: Final = re.compile(
    rb"(?:option |plan |variant |step )?[a-d1-9](?:[,. ]+(?:and |und |et |y |& )?[a-d1-9])*[.! ]*"
).fullmatch
_WORD: Final = re.compile(rb"[a-z0-9'\x80-\xff-]+").findall
_FIRST_UNSPACED: Final = re.compile(r"\w+").match
_WHAT_ABOUT: Final = frozenset(
    {(b"what", b"about"), (b"how", b"about"), (b"try", b"again"), (b"go", b"on"), (b"keep", b"going")}
)
_FEW: Final = 3
_SHORT_UNSPACED: Final = 8


def is_earlier_hard(last: Words, before: tuple[Words, ...]) -> bool:
    """Tell whether the last turn goes on with hard work.

    Args:
        last: The person's words in the last turn.
        before: What the person, models and tools said in the two turns before, and the last answer.
    """
    return bool(before) and goes_on(last) and any(is_hard(words) for words in before)


def goes_on(last: Words) -> bool:
    """Tell whether a turn goes on with what was said before it."""
    text = last.text.strip()
    if not text or len(text) > LONGEST:
        return False
    if not any(char.isalnum() for char in text):
        return True  # a thumb, an exclamation mark: a nod
    if not text.isascii() and _nods_unspaced(text):
        return True
    words: list[bytes] = _WORD(last.data)
    return (
        _OPTION(last.data.strip()) is not None or _points_back(words) or _begins_with_yes(words, is_question=text[-1] in "?？؟")
    )


def _begins_with_yes(words: list[bytes], *, is_question: bool) -> bool:
    rest = list(itertools.dropwhile(_YES.__contains__, words))
    if len(rest) < len(words) and (not rest or (len(rest) <= _FEW and _THANKS.isdisjoint(rest))):
        return True
    if not rest or _THANKS.issuperset(rest):
        return False
    begins = len(rest) < len(words) or rest[0] in _GOING_ON
    asks = rest[0] in _ASKING or (is_question and len(rest) > _FEW)
    return begins and not asks


def _points_back(words: list[bytes]) -> bool:
    pairs = itertools.pairwise(words)
    return any((word in _BACK and before in _ACTING) or (before, word) in _WHAT_ABOUT for before, word in pairs)


def _nods_unspaced(text: str) -> bool:
    if len(text) > _LONGEST_UNSPACED:
        return False
    if any(word in text for word in _BACK_UNSPACED):
        return True
    first = _FIRST_UNSPACED(text)
    nods = first is not None and (first.group() in _NODS_UNSPACED or text.startswith(_STARTS_UNSPACED))
    return nods and not (text[-1] in "?？" and len(text) > _SHORT_UNSPACED)
