"""Signal `structure`: the words ask for an exact form: a table, five bullet points, at most 100 words, JSON, a sonnet.

A small model often has the knowledge and misses the form. Only the person's words count, for answers are full of lists that
nobody asked for. A form counts where it is asked for ("as JSON", "in a table"), not where it is spoken of ("parse this JSON").
The patterns are tried only where one of their words is in the text; each takes a bounded number of words on either side.
"""

import re
from typing import Final

from triplepoint.routing.signals.words import Words, holds_mark, listed, marks

_FORMS_ALONE: Final = listed("""
    bullet bullets bulleted haiku sonnet limerick villanelle acrostic sestina
    stichpunkte stichpunkten stichpunktartig tabellarisch aufzählung haïku puces viñetas puntini opsomming маркированный
    пунктами
""")
"""Forms that are named only by who asks for them."""
_FORMS: Final = listed("""
    json yaml xml csv tsv markdown table tables tabelle tableau tabla tabela tabella tabel tablo bảng
    таблица таблицу таблицы таблице таблицей
""")
_FORM_WORDS: Final = "|".join(sorted((form.decode() for form in _FORMS), key=len, reverse=True))
_ASKS_FORM: Final = re.compile(
    rf"(?<!\w)(?:as|in|into|to|valid|only|return|output|als|im|en|dans|au|em|come|formato|format|formatta|w|olarak|dưới|в|формате|виде)\s"
    rf"(?:(?:a|an|the|valid|pure|strict|raw|eine|einer|einem|un|une|una|uma|einen|dạng|виде|формате|formacie|formatında|format|formato)\s){{0,2}}"
    rf"(?:{_FORM_WORDS})(?!\w)".encode()
).search
_UNITS: Final = listed("""
    word words sentence sentences paragraph paragraphs lines items points steps columns rows characters syllables stanzas
    sections wörter worte wörtern sätze sätzen absätze zeilen zeichen punkte punkten mots phrases paragraphes lignes caractères
    palabras frases oraciones párrafos líneas caracteres puntos palavras parágrafos linhas parole frasi righe caratteri woorden
    zinnen слов слова предложений предложения предложениях абзаца абзацев строк пунктов słów zdań zdania kelime cümle kata
    kalimat từ câu शब्दों वाक्यों كلمة كلمات جمل
""")
_UNIT_WORDS: Final = "|".join(sorted((unit.decode() for unit in _UNITS), key=len, reverse=True))
_NUMBERS: Final = (
    r"\d{1,5}|one|two|three|four|five|six|seven|eight|nine|ten|twelve|zwei|drei|vier|fünf|zehn|deux|trois|quatre|cinq|dix|"
    r"dos|tres|cuatro|cinco|diez|dois|três|due|tre|cinque|два|две|двух|три|трёх|трех|четыре|пять|пяти|iki|üç|beş|hai|ba|năm|dua|tiga|lima"
)
_ASKS_LENGTH: Final = re.compile(rf"(?<!\w)(?:{_NUMBERS})[ -](?:{_UNIT_WORDS})(?!\w)".encode()).search
_FORMAT: Final = listed("format formato formaat формат формате biçim định")
_ASKS_FORMAT: Final = re.compile(
    rb"(?:following|this|exact|exactly|output|response|answer|given|same|specified|below|folgendem|folgende|ce|suivant|siguiente|seguinte|"
    + "следующем|таком".encode()
    + rb")\s(?:output\s|response\s)?(?:format|formato|"
    + "формат|формате".encode()
    + rb")|format\s?:"
).search
_MARKS: Final = marks("""
    表格 列表形式 要点 格式输出 格式返回 格式回答 不超过 不超過 字以内 字以內 一句话 一句話 分点 分點 逐条 俳句 的格式
    表で 箇条書き 文字以内 字以内 形式で 一文で 行で答え 表形式
    표로 목록으로 글자 형식으로 문장으로 항목으로
    เป็นตาราง เป็นข้อ جدول نقاط तालिका बिंदुओं
""")

WORDS: Final = _FORMS_ALONE | _FORMS | _UNITS | _FORMAT


def asks_structure(asked: tuple[Words, ...]) -> bool:
    """Tell whether a person's words ask for an exact form."""
    return any(_asks(words) for words in asked)


def _asks(words: Words) -> bool:
    found = words.found
    return (
        not found.isdisjoint(_FORMS_ALONE)
        or (not found.isdisjoint(_FORMS) and _ASKS_FORM(words.data) is not None)
        or (not found.isdisjoint(_UNITS) and _ASKS_LENGTH(words.data) is not None)
        or (not found.isdisjoint(_FORMAT) and _ASKS_FORMAT(words.data) is not None)
        or holds_mark(words, _MARKS)
    )
