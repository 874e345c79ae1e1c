"""What looking at cheap answers is worth, in words and as plain values."""

from collections.abc import Iterator
from typing import Any

from triplepoint.routing.evaluation.after_answer import AfterAnswer, Curve, Point
from triplepoint.routing.evaluation.report.document import known, measured


def after_lines(look: AfterAnswer) -> Iterator[tuple[str, str, str, str]]:
    """Yield the lines of a table: who looks, share escalated, quality, cost as a share of the strong model's."""
    weak, strong = look.contest.data.models
    yield _line(f"nobody: {weak} alone", look.weak)
    yield _line(f"nobody: {strong} alone, asked first", look.strong)
    if look.checks is not None:
        yield _line("the checks of a line-up", look.checks)
    for good, bad, point in look.simulated:
        yield _line(_simulated(good, bad), point)


def _simulated(good: float, bad: float) -> str:
    if good == bad == 1:
        return "a perfect check"
    return f"a check that lets {good:.0%} of good answers through and finds {bad:.0%} of bad ones"


def _line(name: str, point: Point) -> tuple[str, str, str, str]:
    return name, f"{point.escalated:.1%}", f"{point.quality:.3f}", f"{point.cost:.1%}"


def after_facts(look: AfterAnswer) -> Iterator[str]:
    """Yield sentences that go with the table."""
    data = look.contest.data
    yield f"{len(data)} prompts; costs are of both calls, as a share of {data.models[1]} for every prompt."
    for why, count, bad in look.found:
        yield f"  {why}: {count} answers, {bad:.0%} of them bad"
    if look.verifier is not None:
        yield _curve(look.verifier, len(look.contest.folds))


def _curve(curve: Curve, folds: int) -> str:
    area = curve.apgr
    return (
        f"A learnt verifier, {folds} folds: APGR {area.value:.3f} ({area.low:.3f} to {area.high:.3f}), the cheap call paid; "
        f"half of the gap is closed at {curve.cpt50:.1%} of the cost, 80 % of it at {curve.cpt80:.1%}; "
        f"calibration error {curve.calibration:.3f}."
    )


def after_document(look: AfterAnswer) -> dict[str, Any]:
    """Put everything into plain values."""
    data = look.contest.data
    return {
        "data": {"name": data.name, "sha256": data.digest, "prompts": len(data)},
        "models": list(data.models),
        "weak_alone": _point(look.weak),
        "strong_alone": _point(look.strong),
        "checks": None if look.checks is None else _point(look.checks),
        "found": [{"why": why, "answers": count, "bad": bad} for why, count, bad in look.found],
        "verifier": None if look.verifier is None else _verifier(look.verifier),
        "simulated": [{"good_kept": good, "bad_found": bad, **_point(point)} for good, bad, point in look.simulated],
    }


def _point(point: Point) -> dict[str, Any]:
    return {"escalated": point.escalated, "quality": point.quality, "cost": point.cost}


def _verifier(curve: Curve) -> dict[str, Any]:
    return {
        "apgr": measured(curve.apgr),
        "cpt50": known(curve.cpt50),
        "cpt80": known(curve.cpt80),
        "calibration_error": curve.calibration,
    }
