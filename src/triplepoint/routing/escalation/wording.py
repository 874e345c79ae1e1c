"""Words that stand in sums, in the languages that requests come in."""

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SIGN_WORDS: Final = {
    word: sign
    for sign, words in {
        "+": "plus más mais più плюс 加 加上 足す プラス जमा",
        "-": "minus moins menos meno минус 减 減 减去 減去 引く マイナス",
        "*": "times multiplied mal fois veces vezes volte multiplicado multiplié moltiplicato multipliziert умножить "
        "乘 乘以 掛ける かける",
        "/": "divided dividido divisé diviso geteilt разделить делить 除以 割る",
    }.items()
    for word in words.split()
}
PARTICLES: Final = _words("by durch mit por par per на")
"""Follow a word for a sign: *divided by*."""
EQUAL_WORDS: Final = _words("equals equal ergibt gleich égale égal igual uguale равно равняется 等于 等於")
BEFORE_EQUAL: Final = _words("is are es est è é ist")
"""Stand before such a word: *is equal*."""
BEHIND_EQUAL: Final = _words("to a à")
OF: Final = _words("of von de di от 的")
"""After a percentage or a fraction: times."""
SHORT_UNITS: Final = frozenset("mgh")
"""Letters that stand right behind a number without being one of their own."""
LETTER_UNITS: Final = frozenset("mghlskaAVWNJ")
"""Letters that stand for a unit, or for no number, where a blank stands before them."""
STOPS: Final = _words("""
    and or so is are was were then which that he she it they we you this these those since because therefore thus hence but
    implies gives giving for where when while if with
    und also ist sind dann et donc est sont puis y e entonces es son então é são i и а то
""")
"""End a unit: the sentence goes on."""
MAGNITUDES: Final = {
    word: power
    for power, words in {
        3: "thousand thousands tausend mille mil тысяч тысячи",
        4: "万 萬",
        6: "million millions millionen millones milhões milioni миллион миллиона миллионов",
        8: "亿 億",
        9: "billion billions milliarde milliarden milliard milliards миллиард миллиарда миллиардов",
        12: "trillion trillions",
    }.items()
    for word in words.split()
}
"""Powers of ten that stand behind a number as a word."""
ABOUT: Final = _words(
    "about approximately roughly around nearly almost circa ca etwa ungefähr environ unos aproximadamente 约 約 大约"
)
"""Say that what follows is no exact number."""
