"""``python -m tools.energy [--write]``: fits the regression behind modelled energy and says how well both estimates do.

Fitted on the text part of the public table that the package ships, except completion of code: there the long input is within
the figure for a token of answer, and would be taken for the model's own. With ``--write`` the coefficients are written to the
package; a test holds them against a new fit.
"""

import argparse
import json
import math
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from triplepoint.economics.decode import Fit, features, predict
from triplepoint.economics.tabled import CONVERSATION, Curve, curves, interpolate, serving
from triplepoint.upstreams.measured import Measurement, measurements

FIT_FILE = Path(__file__).parent.parent / "src/triplepoint/economics/data/decode_fit.json"
_RIDGE = 1.0
"""Weight of the penalty on standardised coefficients."""
_FAMILIES = ("Llama-3.1", "Llama-4", "gpt-oss", "DeepSeek", "gemma", "Nemotron", "235B", "30B", "480B")
"""What a name holds; the rest are the dense Qwen3 models."""


def family(row: Measurement) -> str:
    """Return the family of a model: siblings in form, task and precision are held back together."""
    return next((name for name in _FAMILIES if name in row.model), "Qwen3 dense")


def fitted_rows() -> list[Measurement]:
    """Return the rows that the regression learns from."""
    return [row for row in measurements() if row.task in CONVERSATION]


def fit_table(rows: Sequence[Measurement]) -> Fit:
    """Fit the regression, and find the factor that holds nine of ten predictions for an unseen family."""
    return _with_within(fit_ridge(rows), residuals(rows))


def residuals(rows: Sequence[Measurement]) -> dict[str, list[float]]:
    """Return, by family, the errors of a fit to the other families: logarithms of predicted over measured."""
    return {
        name: _errors(fit_ridge([row for row in rows if family(row) != name]), [row for row in rows if family(row) == name])
        for name in sorted({family(row) for row in rows})
    }


def fit_ridge(rows: Sequence[Measurement]) -> Fit:
    """Fit by ridge regression on standardised features."""
    xs = [features(serving(row)) for row in rows]
    ys = [math.log(row.j_per_output_token) for row in rows]
    mean = [statistics.fmean(column) for column in zip(*xs, strict=True)]
    scale = [statistics.pstdev(column) or 1.0 for column in zip(*xs, strict=True)]
    level = statistics.fmean(ys)
    zs = [[(x - m) / s for x, m, s in zip(row, mean, scale, strict=True)] for row in xs]
    size = len(mean)
    gram = [[math.fsum(z[i] * z[j] for z in zs) + (_RIDGE if i == j else 0) for j in range(size)] for i in range(size)]
    right = [math.fsum(z[i] * (y - level) for z, y in zip(zs, ys, strict=True)) for i in range(size)]
    weights = [w / s for w, s in zip(solve(gram, right), scale, strict=True)]
    return Fit(tuple(mean), tuple(weights), level, math.nan)


def solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solve linear equations by elimination with pivots."""
    rows = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for i in range(size):
        pivot = max(range(i, size), key=lambda k: abs(rows[k][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for k in range(i + 1, size):
            share = rows[k][i] / rows[i][i]
            rows[k] = [a - share * b for a, b in zip(rows[k], rows[i], strict=True)]
    found = [0.0] * size
    for i in reversed(range(size)):
        found[i] = (rows[i][size] - math.fsum(rows[i][k] * found[k] for k in range(i + 1, size))) / rows[i][i]
    return found


def coverage(rows: Sequence[Measurement]) -> tuple[float, list[float]]:
    """Hold back each family in turn, with an interval learned from the others alone.

    Returns: Share of all rows within their 90 % interval, and the factor of each interval.
    """
    inside = 0
    factors: list[float] = []
    for name in sorted({family(row) for row in rows}):
        others = [row for row in rows if family(row) != name]
        within = _within(residuals(others))
        errors = _errors(fit_ridge(others), [row for row in rows if family(row) == name])
        inside += sum(abs(error) <= math.log(within) for error in errors)
        factors.append(within)
    return inside / len(rows), factors


def left_out(found: Sequence[Curve], read: Callable[[Sequence[float], Sequence[float], float], float]) -> list[float]:
    """Leave out each batch but the first and last of a curve, and read it from the others: relative errors."""
    errors: list[float] = []
    for curve in found:
        for i in range(1, len(curve.ln_batch) - 1):
            xs = curve.ln_batch[:i] + curve.ln_batch[i + 1 :]
            ys = curve.ln_j[:i] + curve.ln_j[i + 1 :]
            errors.append(abs(math.expm1(read(xs, ys, curve.ln_batch[i]) - curve.ln_j[i])))
    return errors


def straight(xs: Sequence[float], ys: Sequence[float], x: float) -> float:
    """Read a straight line between the two neighbours."""
    i = next(k for k in range(1, len(xs)) if xs[k] >= x)
    return ys[i - 1] + (ys[i] - ys[i - 1]) * (x - xs[i - 1]) / (xs[i] - xs[i - 1])


def _errors(fit: Fit, rows: Sequence[Measurement]) -> list[float]:
    return [predict(fit, features(serving(row))) - math.log(row.j_per_output_token) for row in rows]


def _within(errors: dict[str, list[float]]) -> float:
    """Return the factor: the upper end of nine tenths, by rank among n + 1, as split conformal prediction has it."""
    sizes = sorted(abs(error) for of_family in errors.values() for error in of_family)
    return math.exp(sizes[min(math.ceil(0.9 * (len(sizes) + 1)), len(sizes)) - 1])


def _with_within(fit: Fit, errors: dict[str, list[float]]) -> Fit:
    return Fit(fit.mean, fit.weight, fit.level, _within(errors))


def written(fit: Fit) -> str:
    """Write a fit as the package holds it, to nine digits."""
    held = {
        "mean": [_nine(x) for x in fit.mean],
        "weight": [_nine(x) for x in fit.weight],
        "level": _nine(fit.level),
        "within": _nine(fit.within),
    }
    return json.dumps(held, indent=1) + "\n"


def _nine(number: float) -> float:
    return float(f"{number:.9g}")


def main() -> None:
    """Fit, report, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the coefficients into the package")
    arguments = parser.parse_args()
    fit = fit_table(fitted_rows())
    if arguments.write:
        FIT_FILE.write_text(written(fit), encoding="utf-8")
    _report(fitted_rows())


def _report(rows: Sequence[Measurement]) -> None:
    found = curves(measurements())
    for name, read in (("monotone cubic", interpolate), ("straight lines", straight)):
        errors = left_out(found, read)
        _say(f"tabled, a batch left out, {name}: {_shares(errors, (0.05, 0.10))}")
        _say(f"  nine of ten within {sorted(errors)[math.ceil(0.9 * len(errors)) - 1]:.3f}")
    by_family = residuals(rows)
    errors = [error for of_family in by_family.values() for error in of_family]
    _say(f"modelled, a family left out: {_shares([abs(math.expm1(error)) for error in errors], (0.25,))}")
    _say(f"  within twice either way: {sum(abs(e) <= math.log(2) for e in errors) / len(errors):.3f}")
    for name, of_family in by_family.items():
        _say(f"  {name}: {len(of_family)} rows, median of predicted over measured {math.exp(statistics.median(of_family)):.2f}")
    covered, factors = coverage(rows)
    _say(f"modelled, 90 % intervals learned without the family: {covered:.3f} covered, factor {statistics.median(factors):.2f}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _shares(errors: Sequence[float], bounds: Sequence[float]) -> str:
    shares = ", ".join(f"{sum(e <= b for e in errors) / len(errors):.3f} within {b:.0%}" for b in bounds)
    return f"{len(errors)} rows, median {statistics.median(errors):.3f}, {shares}"


if __name__ == "__main__":
    main()
