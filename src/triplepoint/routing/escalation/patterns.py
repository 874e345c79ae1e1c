"""How people word what an answer shall be like, in the languages that requests come in; held against texts in lower case.

Some have stems beside them: where none of these stands in a text, the pattern need not be looked for. No pattern
repeats anything without end, so each goes over a text once.
"""

import re
from typing import Final


def _stems(text: str) -> tuple[str, ...]:
    return tuple(text.split())


OPTION = re.compile(r"^[ \t]*(?:\(?([A-J])[).:]|\[([A-J])\])[ \t]+(\S.{0,200})$", re.MULTILINE)

COUNTS: Final = {
    word: number
    for number, words in {
        2: "two zwei deux dos dois due два две 两 兩 二",
        3: "three drei trois tres três tre три 三",
        4: "four vier quatre cuatro quatro quattro четыре 四",
        5: "five fünf cinq cinco cinque пять 五",
        6: "six sechs seis sei шесть 六",
        7: "seven sieben sept siete sete sette семь 七",
        8: "eight acht huit ocho oito otto восемь 八",
        9: "nine neun neuf nueve nove девять 九",
        10: "ten zehn dix diez dez dieci десять 十",
        12: "twelve zwölf douze doce doze dodici",
        20: "twenty zwanzig vingt veinte vinte venti 二十",
    }.items()
    for word in words.split()
}
_COUNT: Final = r"(?P<count>\d{1,3}|" + "|".join(sorted(COUNTS, key=len, reverse=True)) + ")"

WORD_STEMS: Final = _stems("word wort wört mots palabra palavra parole слов kelime 字 词 詞 語 단어 자")
SIZE = re.compile(
    r"(?P<size>\d{1,5})[ -]*(?:words?|wörtern?|worten?|mots|palabras|palavras|parole|слов(?:а|ами)?"
    r"|kelime|个?字|個字|词|詞|文字|語|단어|자)"
    r"(?P<behind>.{0,12})"
)
MOST_BEFORE = re.compile(
    r"(?:at most|no more than|not more than|maximum(?: of)?|max\.?|up to|under|fewer than|less than|within|\bin"
    r"|not exceed(?:ing)?|höchstens|maximal|unter|weniger als|mit|au maximum|au plus|moins de|\ben|como máximo"
    r"|máximo(?: de)?|menos de|no máximo|\bem|al massimo|massimo|meno di|не более|максимум|\bдо|\bв"
    r"|不超过|不超過|最多|少于|少於|用)\s*(?:the |exactly |exakt |genau )?\Z"
)
MOST_BEHIND = re.compile(r"\s*(?:or less|or fewer|maximum|max\b|oder weniger|au maximum|máximo|以内|以內|이하|이내|以下)")
LEAST_BEFORE = re.compile(
    r"(?:at least|minimum(?: of)?|min\.?|more than|no fewer than|no less than|mindestens|au moins|al menos|como mínimo"
    r"|pelo menos|almeno|не менее|не меньше|至少|不少于|不少於|最低|최소)\s*(?:the )?\Z"
)
BEFORE_CHARS: Final = 24

ITEM_STEMS: Final = _stems("""
    bullet item point example idea reason tip step way suggestion question fact punkt beispiel ideen gründ schritt vorschl
    exempl idée raison conseil étape ejemplo razon consejo paso punto ideia razõ dica esempi motiv consigli
    пример иде причин совет шаг пункт 例 建议 建議 理由 要点 要點 方法 步 アイデア 提案
""")
ITEMS = re.compile(
    r"(?:list|give|name|write|suggest|provide|generate|create|show|nenne|gib|schreib|donne|cite|propose|écris|dame|enumera|escrib|dê|escrev"
    r"|dammi|elenca|scrivi|назови|дай|перечисли|напиши)"
    rf"[^.?!\n]{{0,40}}?\b{_COUNT}\b(?:\s+[^\W\d_]+){{0,2}}?\s+"
    r"(?:bullet points?|bullets?|items?|points?|examples?|ideas?|reasons?|tips?|steps?|ways?|suggestions?|questions?|facts?"
    r"|stichpunkten?|punkten?|beispielen?|ideen|gründe|tipps|schritten?|vorschläge|exemples|idées|raisons|conseils|étapes"
    r"|ejemplos|ideas|razones|consejos|pasos|puntos|exemplos|ideias|razões|dicas|passos|esempi|idee|motivi|consigli"
    r"|примеров|примера|идей|причин|совета|советов|шагов|пунктов)\b"
)
ITEMS_UNSPACED = re.compile(
    rf"{_COUNT}\s*(?:个|個|条|條|点|點|つの|つ)(?:例子|建议|建議|理由|要点|要點|方法|步骤|步驟|例|アイデア|提案)"
)

TABLE_STEMS: Final = ("table", "tabul", "tabell", "tabla", "tabela", "таблиц", "表格", "表で", "표로")
TABLE = re.compile(
    r"(?:show|present|put|summari[sz]e|compare|format|give|display|organi[sz]e|answer|respond|write|return|output|list|create|make"
    r"|zeig|stell|fass|vergleich|gib|antwort|présent|résum|compar|donne|répond|muestr|resum|respond|mostr|apresent|riassum|confront"
    r"|rispond|покажи|представь|сравни|ответь)"
    r"[^.?!\n]{0,120}?\b(?:as|in|als|sous forme de|dans|en|em|como|in forma di|come"
    r"|в виде)\s+(?:an?|einer?|un|una|uma|une)?\s*(?:markdown[ -]?)?"
    r"(?:tables?|tabular form|tabelle|tableau|tabla|tabela|tabella|таблицы)\b|(?:用|以)[^。\n]{0,6}表格|表で(?:まとめ|示)|표로"
)
JSON = re.compile(
    r"(?:respond|answer|reply|return|output|antworte|réponds|responde|rispondi|ответь)\b"
    r"[^.?!\n]{0,40}?\b(?:in|as|with|only|valid|a|im|als|en|au format|em|in formato|в формате)\s+"
    r"(?:valid |a |single |raw )*json\b"
    r"(?! (?:parser|file|schema|library))"
    r"|(?:以|用|返回|输出|輸出)[^。\n]{0,6}json"
)
CODE: Final = (" api", "class ", *_stems("function code script python endpoint funktion função función 函数"))
"""Where code is asked for, a table or JSON is what it makes, not what it is."""
HOW_MANY = re.compile(
    r"how (?:many|much|old|long|far|tall|fast|often)\b"
    r"|what (?:is|was|will be|percent\w*|fraction)(?: the)? (?:total|sum|number|amount|average|cost|price|difference|value)"
    r"|wie ?viele?\b|combien\b|cuánt[oa]s?\b|quant[oaie]s?\b|сколько\b|多少|几个|幾個|いくつ|いくら|何人|몇|얼마|kaç\b"
    r"|bao nhiêu|कितन|كم "
)
DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
