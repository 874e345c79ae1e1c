"""Does an answer's arithmetic hold?

Its own equations are worked out again, exactly (`equations`). A question that gives numbers and asks for one must get
one, and a whole one where it asks how many; a calculation that never mentions several of the numbers given has left
something out. Measured on 910 answers of a weak model to GSM8K questions, of which 37 % were wrong: where an equation
did not hold, 64 of 68 were; where numbers were left out, 12 of 15.
"""

import re
from fractions import Fraction
from typing import Final

from triplepoint.routing.answers.final import final_answer
from triplepoint.routing.answers.model import Said
from triplepoint.routing.escalation.asked import ends_of
from triplepoint.routing.escalation.demands import demands_of
from triplepoint.routing.escalation.equations import Equation, Holds, equations_of
from triplepoint.routing.escalation.model import Asked
from triplepoint.routing.escalation.quantities import numbers_of
from triplepoint.routing.escalation.symbols import Kind, Token, normalised, tokens_of

_LEFT_OUT: Final = 2
"""Numbers of the question that a calculation may not all leave out; one may stand there to mislead."""
_WHOLE_THINGS = re.compile(
    r"\bhow many (?!(?:\w+ ){0,2}(?:hours|minutes|seconds|days|weeks|months|years|miles|meters|metres|feet|inches"
    r"|yards|kilometers|pounds|ounces|grams|kilograms|gallons|liters|litres|cups|acres|tons|dollars|percent|calories"
    r"|kg|km|cm|pieces of|points|times|degrees|units|square|cubic)\b)",
    re.IGNORECASE,
)


def why_miscalculated(said: Said, asked: Asked) -> str | None:
    """Say why an answer's arithmetic does not hold; None where nothing speaks against it."""
    if said.calls or asked.wanted.json:
        return None
    text = ends_of(said.text)
    equations = equations_of(text)
    broken = sum(equation.holds is Holds.BROKEN for equation in equations)
    if broken:
        return f"{broken} of its {len(equations)} equations did not hold" if len(equations) > 1 else "its equation did not hold"
    if not demands_of(asked.text).number:
        return None
    return _why_no_result(text, tokens_of(normalised(text)), equations, asked.text)


def _why_no_result(text: str, tokens: list[Token], equations: list[Equation], question: str) -> str | None:
    given = numbers_of(tokens)
    if not given:
        return "it came to no number"
    if not equations:
        return None
    if _WHOLE_THINGS.search(question) and (result := _result(text, equations)) is not None and result.denominator != 1:
        return "it came to a part of what is counted in whole"
    asked_with = {token.value for token in tokens_of(normalised(question)) if token.kind is Kind.NUMBER}
    left_out = sum(not _is_among(value, set(given)) for value in asked_with)
    if left_out >= _LEFT_OUT:
        return f"it left out {left_out} of the {len(asked_with)} numbers given"
    return None


def _result(text: str, equations: list[Equation]) -> Fraction | None:
    """Return the number that an answer states as its result, if it is that of an equation."""
    stated = final_answer(text)
    if stated is None or stated.kind != "number":
        return None
    value = Fraction(stated.value)
    return value if any(equation.result == value for equation in equations) else None


def _is_among(value: Fraction, numbers: set[Fraction]) -> bool:
    """Tell whether a number was used: as it is, as a percentage or a part of a hundred, or as what is left of the whole."""
    forms = (value, value * 100, value / 100, 1 - value, 1 - value / 100, 1 + value / 100, 100 - value)
    return any(form in numbers for form in forms)
