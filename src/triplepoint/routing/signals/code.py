"""Signal `code`: a text holds code or asks for it.

One strong word decides, of weak words it takes two different ones. Names of programming languages are the same in every
language; words for *function* are listed for languages that separate words, and as marks for those that do not.
"""

from typing import Final

from triplepoint.routing.signals.words import Words, found_in, holds_mark, holds_sign, listed, marks, sign_marks

_STRONG: Final = listed("""
    python javascript typescript golang kotlin sql mysql postgresql sqlite regex bash powershell html css php perl haskell
    numpy pandas pytest django react nodejs webpack dockerfile makefile leetcode github
    traceback stacktrace segfault nullpointerexception typeerror valueerror keyerror syntaxerror refactor codebase
    stdin stdout printf println elif const struct async await fn func std nullptr sizeof endif ifdef
    quellcode quelltext programmieren programmiere programmcode programmiersprache программирование программу
    programación programação programmation programmazione
""")
_WEAK: Final = listed("""
    code coding function functions script class classes bug debug compile compiler variable array loop recursion
    recursive algorithm api endpoint json yaml xml query database backend frontend repository commit merge import return
    def self static print console parameter string integer boolean null void exception unittest
    library module package program
    java rust ruby swift scala julia lua c++ c#
    funktion skript klasse schleife algorithmus datenbank bibliothek implementiere
    fonction programme boucle algorithme classe méthode
    función código programa bucle algoritmo clase función
    função programa laço funzione codice ciclo
    код кода коде функция функцию скрипт класс цикл алгоритм программа
    دالة كود برمجة
    फ़ंक्शन कोड प्रोग्राम
    hàm mã fonksiyon kod döngü
""")
_SIGNS: Final = sign_marks("``` (); ){ => </ #include #! && !== += ->{ [0] */ {% $(")
"""Marks that stand in code and seldom elsewhere."""
_ASKS: Final = (b"a function", b"a program", b"a script", b"a query")
"""What is asked for; with a verb of `_MAKING` before it, it is code."""
_MAKING: Final = listed("write implement create fix code optimize optimise rewrite")
_MARKS: Final = marks("""
    代码 代碼 编程 編程 函数 函數 脚本 程序员 写个程序 コード 関数 プログラム スクリプト 코드를 함수 프로그램 โค้ด ฟังก์ชัน
""")

WORDS: Final = _STRONG | _WEAK | _MAKING


def is_code(pieces: tuple[Words, ...]) -> bool:
    """Tell whether texts hold code or ask for it, one of them or all together."""
    found = found_in(pieces)
    if not found.isdisjoint(_STRONG) or len(found & _WEAK) > 1:
        return True
    return any(_shows(piece) for piece in pieces)


def _shows(piece: Words) -> bool:
    return (
        holds_sign(piece, _SIGNS)
        or (not piece.found.isdisjoint(_MAKING) and any(ask in piece.data for ask in _ASKS))
        or holds_mark(piece, _MARKS)
    )
