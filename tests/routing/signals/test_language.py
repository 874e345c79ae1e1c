"""The language of a text, in the scripts and languages that requests come in."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.routing.signals.looking import look

from triplepoint.lineups.told import Language
from triplepoint.routing.signals.function_words import FUNCTION_WORDS, KIN, LETTERS
from triplepoint.routing.signals.language import language_of
from triplepoint.routing.signals.scripts import LATIN, shares
from triplepoint.routing.signals.words import NO_WORDS, listed

SAID = {
    "en": [
        "Tell me a joke about cats",
        "What is the capital of France?",
        "Summarize the following article for my boss",
        "write a haiku",
        "How do I get a refund?",
    ],
    "de": [
        "Was ist die Hauptstadt von Frankreich?",
        "Schreibe mir ein Gedicht über das Meer",
        "Wie viele Einwohner hat Berlin?",
        "Kannst du mir bitte helfen?",
    ],
    "fr": [
        "Quelle est la capitale de la France ?",
        "Écris-moi un poème sur la mer",
        "Peux-tu m'expliquer comment ça marche ?",
        "Donne trois idées pour un dîner",
    ],
    "es": [
        "¿Cuál es la capital de Francia?",
        "Escribe un poema sobre el mar",
        "¿Me puedes explicar cómo funciona esto?",
        "Dame una receta con pollo",
    ],
    "pt": [
        "Qual é a capital da França?",
        "Escreva um poema sobre o mar",
        "Você pode me explicar como isso funciona?",
        "Não sei o que fazer",
    ],
    "it": [
        "Qual è la capitale della Francia?",
        "Scrivi una poesia sul mare",
        "Puoi spiegarmi come funziona?",
        "Dimmi una ricetta con il pollo",
    ],
    "nl": ["Wat is de hoofdstad van Frankrijk?", "Schrijf een gedicht over de zee", "Kun je uitleggen hoe dit werkt?"],
    "pl": ["Jaka jest stolica Francji?", "Napisz wiersz o morzu", "Czy możesz mi wyjaśnić, jak to działa?"],
    "tr": [
        "Fransa'nın başkenti neresi, bana söyler misin?",
        "Bana deniz hakkında bir şiir yaz",
        "Bunun nasıl çalıştığını açıkla lütfen",
    ],
    "vi": ["Thủ đô của nước Pháp là gì?", "Hãy viết một bài thơ về biển", "Bạn có thể giải thích cho tôi không?"],
    "id": [
        "Apa ibu kota Prancis?",
        "Tolong buatkan puisi tentang laut",
        "Bagaimana cara kerja ini dan apa yang harus saya lakukan?",
    ],
    "ro": ["Care este capitala Franței?", "Scrie o poezie despre mare", "Poți să îmi explici cum funcționează?"],
    "cs": ["Jaké je hlavní město Francie, prosím?", "Napiš báseň o moři", "Můžeš mi vysvětlit, jak to funguje?"],
    "hu": ["Mi Franciaország fővárosa?", "Írj egy verset a tengerről", "Hogyan működik ez, és miért?"],
    "sv": ["Vad är huvudstaden i Frankrike?", "Skriv en dikt om havet", "Kan du förklara hur det fungerar för mig?"],
    "da": ["Hvad er hovedstaden i Frankrig?", "Skriv et digt om havet til mig", "Kan du forklare, hvordan det virker?"],
    "no": ["Hva er hovedstaden i Frankrike?", "Skriv et dikt om havet til meg", "Kan du forklare hvordan det virker for meg?"],
    "fi": ["Mikä on Ranskan pääkaupunki?", "Kirjoita runo merestä", "Voitko selittää minulle, miten se toimii?"],
    "tl": ["Ano ang kabisera ng Pransya?", "Isulat mo ang isang tula para sa akin"],
    "sw": ["Mji mkuu wa Ufaransa ni nini?", "Andika shairi kwa ajili ya bahari"],
    "hr": ["Koji je glavni grad Francuske?", "Napiši pjesmu o moru, molim"],
    "ca": ["Quina és la capital de França? Escriu un poema amb mi, si us plau", "Per què això és així?"],
    "zh": ["法国的首都是哪里？", "请用 Python 写一个 function 来 sort list", "法國的首都是哪裡？", "好的"],
    "ja": ["フランスの首都はどこですか？", "この関数を説明して", "海についての詩を書いてください"],
    "ko": ["프랑스의 수도는 어디인가요?", "바다에 대한 시를 써 줘", "ㅋㅋ 네"],
    "ru": ["Какая столица Франции?", "Напиши стихотворение о море", "Объясни, как это работает"],
    "uk": ["Яка столиця Франції?", "Напиши вірш про море, будь ласка, і поясни його"],
    "bg": [
        "Коя е столицата на Франция и какво ще стане, ако това са грешки от него?",
        "Напиши стихотворение за морето, което са чели със съпругата",
    ],
    "sr": ["Који је главни град Француске?"],
    "be": ["Якая сталіца Францыі ў Еўропе?"],
    "kk": ["Францияның астанасы қай қала?", "Маған теңіз туралы өлең жазып берші, өтінемін"],
    "ar": ["ما هي عاصمة فرنسا؟", "اكتب قصيدة عن البحر"],
    "fa": ["پایتخت فرانسه کجاست؟", "یک شعر درباره دریا بگو"],
    "ur": ["فرانس کا دارالحکومت کیا ہے؟"],
    "he": ["מהי בירת צרפת?"],
    "el": ["Ποια είναι η πρωτεύουσα της Γαλλίας;"],
    "hi": ["फ़्रांस की राजधानी क्या है?"],
    "mr": ["फ्रान्सची राजधानी काय आहे?"],
    "bn": ["ফ্রান্সের রাজধানী কী?"],
    "ta": ["பிரான்சின் தலைநகரம் எது?"],
    "te": ["ఫ్రాన్స్ రాజధాని ఏమిటి?"],
    "th": ["เมืองหลวงของฝรั่งเศสคืออะไร"],
    "ka": ["რა არის საფრანგეთის დედაქალაქი?"],
    "am": ["የፈረንሳይ ዋና ከተማ ማን ነው?"],
    "km": ["រដ្ឋធានីរបស់ប្រទេសបារាំងគឺអ្វី?"],
    "my": ["ပြင်သစ်နိုင်ငံရဲ့ မြို့တော်က ဘာလဲ"],
    "hy": ["Ո՞րն է Ֆրանսիայի մայրաքաղաքը"],
    "or": ["ଫ୍ରାନ୍ସର ରାଜଧାନୀ କଣ?"],
    "gu": ["ફ્રાન્સની રાજધાની શું છે?"],
    "pa": ["ਫਰਾਂਸ ਦੀ ਰਾਜਧਾਨੀ ਕੀ ਹੈ?"],
    "kn": ["ಫ್ರಾನ್ಸ್ ರಾಜಧಾನಿ ಯಾವುದು?"],
    "ml": ["ഫ്രാൻസിന്റെ തലസ്ഥാനം ഏതാണ്?"],
    "si": ["ප්‍රංශයේ අගනුවර කුමක්ද?"],
    "lo": ["ນະຄອນຫຼວງຂອງຝຣັ່ງແມ່ນຫຍັງ"],
    "mn": ["Францын нийслэл хот өөр юу вэ? үнэн үү"],
    "mk": ["Кој е главниот град на Франција, ќе ми кажеш?"],
    "mixed": [
        "Please translate this sentence for me: 今天天气很好，我们去公园散步吧",
        "Übersetze das bitte ins Deutsche und schreibe mir eine Antwort: The answer was that they would be there",
        "Как перевести на русский: what would you do if they were here with you and your friends?",
    ],
    "": ["2+2", "", "xyzzy", "🎉🎉", "12345"],
}


def language(text: str) -> str:
    """Tell the language of one text."""
    words = look(text)
    return language_of((words,) if text else (), NO_WORDS)


@pytest.mark.parametrize(("said", "text"), [(said, text) for said, texts in SAID.items() for text in texts])
def test_language(said: str, text: str) -> None:
    """Short requests show their language by script or by a few words; sums and names show none."""
    assert language(text) == said


def test_every_language_is_tried() -> None:
    """The table above has every language that can be told, and says nothing that could not be."""
    assert set(SAID) - {""} == set(Language)


def test_code_is_no_language() -> None:
    """What stands between fences of code, comments included, does not make a text mixed."""
    fenced = "解释这段代码：\n```python\n# this is what you would have to do if they were here with all of your friends\n```"
    assert language(fenced) == "zh"
    assert language("```python\nprint('the cat that was here')\n```") == ""


def test_what_was_answered_shows_it_where_the_person_does_not() -> None:
    """A bare number is in the language of the conversation."""
    assert language_of((look("42"),), look("Das ist die Antwort auf alle Fragen")) == "de"
    assert language_of((), look("Das ist die Antwort auf alle Fragen")) == "de"
    assert language_of((look("Was ist das?"),), look("The answer to all of it is what you would have said")) == "de"


def test_decomposed_letters() -> None:
    """Letters and syllables that a client sends in parts are the same letters."""
    for text in ("프랑스의 수도는 어디인가요?", "Quelle est la capitale, s'il te plaît ?", "Thủ đô của nước Pháp là gì?"):
        assert language(unicodedata.normalize("NFD", text)) == language(text) != ""


def test_misspelt_requests_keep_their_language() -> None:
    """A few wrong letters change nothing: the little words are seldom misspelt all at once."""
    assert language("Plaese exlpain to me how teh harbuor of this tonw was biult") == "en"
    assert language("Erklär mir bite, wie das mit dem Haffen war, und warumm") == "de"


@given(st.text(st.characters(), max_size=200))
def test_any_text(text: str) -> None:
    """Any text has one of the known languages, or none."""
    assert language(text) in {*Language, ""}


@given(st.text(st.characters(), max_size=200))
def test_shares_are_of_known_languages(text: str) -> None:
    """Every part of a text is of a language that has a name, and larger than nothing."""
    parts = shares(look(text).data)
    assert set(parts) <= {*Language, LATIN}
    assert all(part > 0 for part in parts.values())


def test_tallies_cannot_overflow() -> None:
    """No list is so long that all of its words together would fill a byte; the names in the lists are languages."""
    assert max(2 * len(listed(words)) for words in FUNCTION_WORDS.values()) < 256
    assert {*FUNCTION_WORDS, *LETTERS, *frozenset().union(*KIN)} <= set(Language)
