"""Signal `maths`: a text holds arithmetic or algebra, or asks for it.

Words as in `code`; beside them the shape of the text (every digit the same letter, every operator another) is searched for a
few short patterns such as *digit, operator, digit*, which no misspelling hides.
"""

import re
from typing import Final

from triplepoint.routing.signals.words import (
    Words,
    found_in,
    holds_mark,
    holds_phrase,
    holds_sign,
    listed,
    marks,
    phrases,
    sign_marks,
)

_STRONG: Final = listed("""
    equation equations integral derivative differentiate antiderivative arithmetic algebra trigonometry calculus theorem
    logarithm polynomial factorial hypotenuse eigenvalue eigenvalues matrix quadratic sqrt cosine
    gleichung gleichungen ableitung wahrscheinlichkeit bruchrechnung rechne berechne
    équation équations dérivée intégrale probabilité
    ecuación ecuaciones derivada probabilidad
    equação equações equazione equazioni
    уравнение уравнения интеграл вычисли вычислите производную вероятность
    معادلة احسب
    समीकरण denklem równanie równania vergelijking persamaan
    lemma primes congruent coprime
""")
_WEAK: Final = listed("""
    solve calculate compute sum product divide divided multiply multiplied times minus plus percent percentage fraction
    average probability prime ratio area perimeter volume remainder squared cubed maths math mathematics number
    prove proof integer integers divisible modulo infinitely
    löse summe prozent durchschnitt multipliziere mathe
    calcule calculer résous résoudre somme pourcentage calcula calcular resuelve resolver suma porcentaje
    soma porcentagem calcola risolvi somma percentuale
    реши решите сумма сумму процент процентов сколько
    احسب कितने hesapla topla giải tính oblicz hitung
""")
_ASKS: Final = phrases("""
    how many | how much | how long | how far | how old | how tall | what is the total | what's the total
    | wie viele | wie viel | wie alt | wie lange | combien | quanti | quante | quantos | quantas | cuántos | cuántas | cuánto
    | hoeveel | ile | kaç | bao nhiêu | berapa | сколько | كم عدد
""")
"""Ask for a number; with two numbers in the text that is a word problem."""
_SPELLED: Final = listed("""
    two three four five six seven eight nine ten eleven twelve twenty thirty fifty hundred thousand half twice thrice double
    triple quarter dozen zwei drei vier fünf sechs zehn hälfte doppelt deux trois quatre cinq dix moitié dos tres cuatro cinco
    diez mitad dois quatro metade due tre quattro cinque metà два три четыре пять десять половина iki üç dört beş yarısı
""")
_SIGNS: Final = sign_marks(r"\frac \int \sum \sqrt \cdot \left( \boxed x^2 f(x)")
_MARKS: Final = marks("""
    方程 计算 計算 求解 积分 導數 导数 概率 方程式 いくつ 방정식 계산 미분 적분 สมการ คำนวณ √ ∫ ∑
""")
_SHAPE: Final = {**dict.fromkeys(b"0123456789", b"d"), **dict.fromkeys(b"+*^", b"o"), **dict.fromkeys(b"-/", b"m"), 32: b"s"}
_TO_SHAPE: Final = b"".join(_SHAPE.get(byte, b"x") for byte in range(256))
_ONLY_DIGITS: Final = bytes(byte if byte == ord("d") else 32 for byte in range(256))
_OPERATION: Final = re.compile(b"dx?s?os?d").search
"""``2+2``, ``3x + 7``."""
_DIFFERENCE: Final = b"dsmsd"
_YEARS: Final = b"ddddsmsdddd"
_OPERATORS_BEYOND_ASCII: Final = ("×".encode(), "÷".encode(), "·".encode())

WORDS: Final = _STRONG | _WEAK | _SPELLED | _ASKS.keys()


def is_maths(pieces: tuple[Words, ...]) -> bool:
    """Tell whether texts hold mathematics or ask for it, one of them or all together."""
    found = found_in(pieces)
    if not found.isdisjoint(_STRONG) or len(found & _WEAK) > 1:
        return True
    return any(_shows(piece) for piece in pieces)


def _shows(piece: Words) -> bool:
    if holds_sign(piece, _SIGNS) or holds_mark(piece, _MARKS):
        return True
    data = piece.data
    if not data.isascii():
        for operator in _OPERATORS_BEYOND_ASCII:
            data = data.replace(operator, b"*")
    shape = data.translate(_TO_SHAPE)
    return _holds_sum(shape) or (_count_numbers(shape) + len(piece.found & _SPELLED) > 1 and holds_phrase(piece, _ASKS))


def _holds_sum(shape: bytes) -> bool:
    return _OPERATION(shape) is not None or (_DIFFERENCE in shape and _YEARS not in shape)


def _count_numbers(shape: bytes) -> int:
    return len(shape.translate(_ONLY_DIGITS).split())
