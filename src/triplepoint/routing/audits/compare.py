"""Compares two answers by what can be seen in them, in the order from what is certain to what is not.

Each step decides or passes on. Agreement of two results decides that they are equally good; their *disagreement* does not say
which is right, so it is left to a judge.
"""

from triplepoint.routing.answers.final import final_answer
from triplepoint.routing.answers.form import has_form, same_json
from triplepoint.routing.answers.model import Said, Wanted
from triplepoint.routing.answers.planned import plan_alike
from triplepoint.routing.answers.refusal import refuses
from triplepoint.routing.audits.model import AuditScorer, Score


def compare(wanted: Wanted, *, weaker: Said, stronger: Said) -> Score | None:
    """Score two answers to one request.

    Args:
        wanted: What was asked of the form.
        weaker, stronger: Answers of the weaker and of the stronger model.
    Returns: None where neither form nor agreement nor a refusal decides.
    """
    for step in (_by_form, _by_exact, _by_refusal, _by_calls):
        score = step(wanted, weaker, stronger)
        if score is not None:
            return score
    return None


def _by_form(wanted: Wanted, weaker: Said, stronger: Said) -> Score | None:
    """The form decides where only one has it, or neither; a refusal has none, but is told below for what it is."""
    if refuses(weaker) or refuses(stronger):
        return None
    forms = has_form(weaker, wanted), has_form(stronger, wanted)
    if None in forms or all(forms):
        return None
    return Score(float(bool(forms[0])), float(bool(forms[1])), AuditScorer.FORM)


def _by_exact(wanted: Wanted, weaker: Said, stronger: Said) -> Score | None:
    if weaker.calls or stronger.calls:
        return None
    mine, theirs = weaker.text.split(), stronger.text.split()
    if mine == theirs or (wanted.json and same_json(weaker.text, stronger.text)):
        return Score(1.0, 1.0, AuditScorer.EXACT)
    one, other = final_answer(weaker.text), final_answer(stronger.text)
    if one is not None and other is not None and one.agrees(other):
        return Score(1.0, 1.0, AuditScorer.FINAL)
    return None


def _by_refusal(_: Wanted, weaker: Said, stronger: Said) -> Score | None:
    refused = refuses(weaker), refuses(stronger)
    if not any(refused):
        return None
    return Score(float(not refused[0]), float(not refused[1]), AuditScorer.REFUSAL)


def _by_calls(_: Wanted, weaker: Said, stronger: Said) -> Score | None:
    if weaker.calls and plan_alike(weaker, stronger):
        return Score(1.0, 1.0, AuditScorer.CALLS)
    return None
