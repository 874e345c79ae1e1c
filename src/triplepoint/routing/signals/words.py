"""Words and marks that speak for code or for mathematics, in the languages that requests come in.

A list, not a classifier: it is looked up in microseconds and anyone can read why a request was sent where it was. One strong
word decides, of weak words it takes two different ones. Names of programming languages are the same in every language; words
for *function* or *equation* are listed for languages that separate words, and as marks for those that do not.
"""

from typing import Final


def _words(text: str) -> frozenset[bytes]:
    return frozenset(word.encode() for word in text.split())


def _marks(text: str) -> tuple[bytes, ...]:
    return tuple(mark.encode() for mark in text.split())


def _symbols(text: str) -> tuple[tuple[bytes, bytes], ...]:
    """Pair each mark with the symbols in it: a text without the symbols cannot hold the mark."""
    return tuple((mark.encode().translate(None, NO_SYMBOL), mark.encode()) for mark in text.split())


NO_SYMBOL: Final = bytes(set(range(256)) - set(b"`(){}[]<>=&#\\!+^*;/$%"))
"""Every byte that is none of the symbols which marks are made of."""

CODE_STRONG: Final = _words("""
    python javascript typescript golang kotlin sql mysql postgresql sqlite regex bash powershell html css php perl haskell
    numpy pandas pytest django react nodejs webpack dockerfile makefile leetcode github
    traceback stacktrace segfault nullpointerexception typeerror valueerror keyerror syntaxerror refactor codebase
    stdin stdout printf println println elif const struct async await fn func std nullptr sizeof endif ifdef
    quellcode quelltext programmieren programmiere programmcode programmiersprache программирование программу
    programación programação programmation programmazione
""")
CODE_WEAK: Final = _words("""
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
CODE_MARKS: Final = _symbols("``` (); ){ => </ #include #! && !== += ->{ [0] */ {% $(")
"""Marks that stand in code and seldom elsewhere."""
CODE_ASKS: Final = (b"a function", b"a program", b"a script", b"a query")
"""What is asked for; with a verb of `MAKING` before it, it is code."""
MAKING: Final = _words("write implement create fix code optimize optimise rewrite")
CODE_MARKS_UNSPACED: Final = _marks("""
    代码 代碼 编程 編程 函数 函數 脚本 程序员 写个程序 コード 関数 プログラム スクリプト 코드를 함수 프로그램 โค้ด ฟังก์ชัน
""")
"""For languages that put no spaces between words, or endings onto them."""

MATHS_STRONG: Final = _words("""
    equation equations integral derivative differentiate antiderivative arithmetic algebra trigonometry calculus theorem
    logarithm polynomial factorial hypotenuse eigenvalue eigenvalues matrix quadratic sqrt cosine
    gleichung gleichungen ableitung wahrscheinlichkeit bruchrechnung rechne berechne
    équation équations dérivée intégrale probabilité
    ecuación ecuaciones derivada probabilidad
    equação equações equazione equazioni
    уравнение уравнения интеграл вычисли вычислите производную вероятность
    معادلة احسب
    समीकरण denklem
""")
MATHS_WEAK: Final = _words("""
    solve calculate compute sum product divide divided multiply multiplied times minus plus percent percentage fraction
    average probability prime ratio area perimeter volume remainder squared cubed maths math mathematics number
    löse summe prozent durchschnitt multipliziere mathe
    calcule calculer résous résoudre somme pourcentage calcula calcular resuelve resolver suma porcentaje
    soma porcentagem calcola risolvi somma percentuale
    реши решите сумма сумму процент процентов сколько
    احسب कितने hesapla topla giải tính
""")
MATHS_ASKS: Final = (b"how many", b"how much", b"wie viele", b"combien", b"quanti", "cuántos".encode(), "cuántas".encode())
"""Ask for a number; with two numbers in the text that is a word problem."""
MATHS_MARKS: Final = _symbols(r"\frac \int \sum \sqrt \cdot \left( x^2 f(x)")
MATHS_MARKS_UNSPACED: Final = _marks("""
    方程 计算 計算 求解 积分 導數 导数 概率 方程式 いくつ 방정식 계산 미분 적분 สมการ คำนวณ √ ∫ ∑
""")

VOCABULARY: Final = CODE_STRONG | CODE_WEAK | MATHS_STRONG | MATHS_WEAK | MAKING
"""One look-up for all of them."""
