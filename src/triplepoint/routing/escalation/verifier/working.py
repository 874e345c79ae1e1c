"""How an answer works, and what it comes to, against what was asked."""

import math
import re
from collections.abc import Sequence
from fractions import Fraction

import msgspec

from triplepoint.routing.answers.final import final_answer
from triplepoint.routing.escalation.equations import Equation, Holds, equations_of
from triplepoint.routing.escalation.quantities import numbers_of
from triplepoint.routing.escalation.symbols import Kind, Token, normalised, tokens_of
from triplepoint.routing.escalation.units import family_of
from triplepoint.routing.escalation.verifier.numbers import use_of
from triplepoint.routing.escalation.verifier.question import sentences_of

_HASHED = re.compile(r"####[ \t]*(.{0,200})")
_ASKED_UNIT = re.compile(r"how (?:many|much)\s+(?:more\s+|fewer\s+|total\s+|of\s+the\s+)?([a-z]+)")
_ASKS_DIFFERENCE = re.compile(r"how (?:many|much) (?:more|fewer|less)|difference|left|remain|change")
_WORDS = re.compile(r"[a-z]{4,}")


class Worked(msgspec.Struct, frozen=True):
    """An answer, taken apart."""

    tokens: list[Token]
    equations: list[Equation]
    result: Fraction | None
    """What it states, else its last number; None: it has none."""
    behind_hashes: str
    last_line: str
    """In lower case, without what stands behind ``####``."""


def take_apart(text: str) -> Worked:
    """Take an answer apart; the caller bounds its length."""
    tokens = tokens_of(normalised(text))
    hashed = _HASHED.search(text)
    lines = [line for line in text.strip().split("\n") if line.strip() and not line.lstrip().startswith("####")]
    return Worked(
        tokens=tokens,
        equations=equations_of(text),
        result=_result(text, tokens, hashed[1] if hashed is not None else ""),
        behind_hashes=hashed[1] if hashed is not None else "",
        last_line=lines[-1].lower() if lines else "",
    )


def _result(text: str, tokens: Sequence[Token], behind_hashes: str) -> Fraction | None:
    for token in tokens_of(normalised(behind_hashes)):
        if token.kind is Kind.NUMBER:
            return token.value
    stated = final_answer(text)
    if stated is not None and stated.kind == "number":
        return Fraction(stated.value)
    return next((token.value for token in reversed(tokens) if token.kind is Kind.NUMBER), None)


def working_features(worked: Worked, question: str, asked: Sequence[Token]) -> dict[str, float]:
    """Count how an answer works.

    Args:
        question: In lower case.
        asked: Its tokens.
    """
    given, digits = numbers_of(asked), [token.value for token in asked if token.kind is Kind.NUMBER]
    use = use_of(given, digits, worked.equations, numbers_of(worked.tokens), worked.result)
    return {
        **_equation_features(worked.equations),
        **_result_features(worked, given),
        **_fit_features(worked, question),
        **{name: float(value) for name, value in msgspec.structs.asdict(use).items()},
        "unused_share": use.unused / max(1, len(given)),
        "steps_for_number": len(worked.equations) / max(1, len(given)),
    }


def _equation_features(equations: Sequence[Equation]) -> dict[str, float]:
    signs, last = "".join(one.signs for one in equations), equations[-1].signs if equations else ""
    results = [one.result for one in equations]
    broken = sum(one.holds is Holds.BROKEN for one in equations)
    found = {
        "equations": float(len(equations)),
        "broken": float(broken),
        "any_broken": float(broken > 0),
        "nearly": float(sum(one.holds is Holds.NEARLY for one in equations)),
        "longest_sum": float(max((len(one.signs) for one in equations), default=0)),
        "parts_worked_out": float(sum(result.denominator != 1 for result in results)),
        "largest_log": max(map(_magnitude, results), default=0.0),
    }
    for sign, name in zip("+-*/", ("sums", "differences", "products", "quotients"), strict=True):
        found[name] = float(signs.count(sign))
        found[f"last_{name}"] = float(sign in last)
    return found


def _result_features(worked: Worked, given: Sequence[Fraction]) -> dict[str, float]:
    result, results = worked.result, [one.result for one in worked.equations]
    behind = [token for token in tokens_of(normalised(worked.behind_hashes)) if token.kind is Kind.NUMBER]
    magnitude = _magnitude(result) if result is not None else -1.0
    return {
        "result_missing": float(result is None),
        "result_is_last": float(bool(results) and results[-1] == result),
        "result_worked_out": float(result is not None and result in results),
        "result_given": float(result is not None and result in given),
        "result_is_part": float(result is not None and result.denominator != 1),
        "result_negative": float(result is not None and result < 0),
        "result_log": magnitude,
        "result_over_given": magnitude - max(map(_magnitude, given), default=0.0),
        "hashes_words": float(len(worked.behind_hashes.split())),
        "hashes_several": float(len(behind) > 1),
        "hashes_no_number": float(bool(worked.behind_hashes) and not behind),
    }


def _fit_features(worked: Worked, question: str) -> dict[str, float]:
    """Hold the end of an answer against the question's last sentence."""
    sentences = sentences_of(question)
    last = sentences[-1] if sentences else ""
    found = _ASKED_UNIT.search(last)
    unit = found[1] if found is not None else ""
    asked, said = set(_WORDS.findall(last)), set(_WORDS.findall(worked.last_line))
    signs = worked.equations[-1].signs if worked.equations else ""
    is_part = worked.result is not None and worked.result.denominator != 1
    return {
        "unit_said": float(bool(unit) and unit.rstrip("s") in worked.last_line),
        "unit_unasked": float(not unit),
        "unit_other": float(_is_other_unit(unit, worked.last_line)),
        "words_shared": len(asked & said) / max(1, len(asked)),
        "no_difference": float(_ASKS_DIFFERENCE.search(last) is not None and "-" not in signs),
        "part_of_whole": float("how many" in last and is_part),
    }


def _is_other_unit(unit: str, line: str) -> bool:
    """Tell whether a line has a unit of the asked kind, and not the one that was asked for: minutes for hours."""
    family = family_of(unit)
    if family is None:
        return False
    words = [token.text for token in tokens_of(line) if token.kind is Kind.WORD and family_of(token.text) == family]
    return bool(words) and unit.rstrip("s") not in {word.rstrip("s") for word in words}


def _magnitude(value: Fraction) -> float:
    return math.log10(1 + abs(float(value)))
