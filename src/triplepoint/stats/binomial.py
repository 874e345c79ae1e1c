"""Exact statements about a share, from a count: tails of the binomial, Clopper-Pearson and Wilson intervals.

Written without scipy, so that what runs all day can state an interval; the tests hold it against scipy.
"""

import math
from statistics import NormalDist
from typing import Final, NamedTuple

_STEPS: Final = 100_000
_TINY: Final = 1e-300
_EPSILON: Final = 1e-15
_TRIALS: Final = 2000
_CLOSE: Final = 1e-10
"""Relative; well above the noise of the tails, well below what anyone asks."""


class Interval(NamedTuple):
    """Two ends, both included."""

    low: float
    high: float


def binomial_cdf(count: int, n: int, rate: float) -> float:
    """Return the probability of at most ``count`` successes in ``n`` draws with success probability ``rate``.

    Raises: ValueError: unless n ≥ 0 and 0 ≤ rate ≤ 1.
    Source: Abramowitz and Stegun 26.5.24, the binomial tail as an incomplete beta function.
    """
    _check(n, rate)
    if count < 0:
        return 0.0
    if count >= n:
        return 1.0
    return incomplete_beta(n - count, count + 1, 1.0 - rate)


def binomial_tail(count: int, n: int, rate: float) -> float:
    """Return the probability of at least ``count`` successes in ``n`` draws with success probability ``rate``.

    Raises: ValueError: unless n ≥ 0 and 0 ≤ rate ≤ 1.
    """
    _check(n, rate)
    if count <= 0:
        return 1.0
    if count > n:
        return 0.0
    return incomplete_beta(count, n - count + 1, rate)


def largest_count(n: int, rate: float, *, confidence: float) -> int:
    """Return the largest count that shows, with that confidence, a success probability of at most ``rate``; -1: none does.

    A count k shows it if at most k successes have probability ≤ 1 - confidence where the success probability is ``rate``: the
    exact test, whose p-value is that tail. The same as `upper_bound(k, n) ≤ rate`.
    """
    _check(n, rate, confidence)
    low, high = -1, n
    while low < high:
        middle = (low + high + 1) // 2
        if binomial_cdf(middle, n, rate) <= 1.0 - confidence:
            low = middle
        else:
            high = middle - 1
    return low


def upper_bound(count: int, n: int, *, confidence: float) -> float:
    """Return the one-sided exact upper bound of a share; 1 where nothing was drawn.

    Args:
        count: Successes among n draws.
        confidence: Least probability, whatever the share is, that the bound is not below it.
    Raises: ValueError: unless 0 ≤ count ≤ n and 0 < confidence < 1.
    Source: Clopper and Pearson 1934, doi 10.1093/biomet/26.4.404.
    """
    _check_count(count, n, confidence)
    return 1.0 if count == n else beta_quantile(count + 1, n - count, confidence)


def lower_bound(count: int, n: int, *, confidence: float) -> float:
    """Return the one-sided exact lower bound of a share; 0 where nothing was drawn. See `upper_bound`."""
    _check_count(count, n, confidence)
    return 0.0 if count == 0 else beta_quantile(count, n - count + 1, 1.0 - confidence)


def clopper_pearson(count: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Return the exact two-sided interval of a share, with half of the error on each side; [0, 1] where nothing was drawn.

    It covers the share at least as often as it says, at any n; see `upper_bound` for errors and source.
    """
    _check_count(count, n, confidence)
    side = (1.0 + confidence) / 2.0
    return Interval(lower_bound(count, n, confidence=side), upper_bound(count, n, confidence=side))


def wilson(count: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Return Wilson's interval of a share: narrower than the exact one, and right only on average over shares.

    Raises: ValueError: unless 0 ≤ count ≤ n and 0 < confidence < 1.
    Source: Wilson 1927, doi 10.1080/01621459.1927.10502953, without continuity correction.
    """
    _check_count(count, n, confidence)
    if n == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1.0 + confidence) / 2.0)
    share = count / n
    middle = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n))
    scale = 1.0 + z * z / n
    return Interval(max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b), for a, b > 0 and 0 ≤ x ≤ 1.

    Relative error below 1e-8 for a + b up to 10⁶ where the result is above 1e-300.
    Source: Abramowitz and Stegun 26.5.8, the continued fraction, evaluated from the front by the modified Lentz method
    (Thompson and Barnett 1986, doi 10.1016/0021-9991(86)90046-X), on the side of the mean on which it converges fast.
    """
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - _beta_left(b, a, 1.0 - x)
    return _beta_left(a, b, x)


def beta_quantile(a: float, b: float, probability: float) -> float:
    """Return x with I_x(a, b) = ``probability``, for a, b > 0 and a probability in (0, 1).

    By Newton's steps, and by halving what is left of the range where a step would leave it.
    """
    low, high, x = 0.0, 1.0, a / (a + b)
    constant = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    for _ in range(_TRIALS):
        excess = incomplete_beta(a, b, x) - probability
        low, high = (low, x) if excess > 0.0 else (x, high)
        slope = math.exp(constant + (a - 1.0) * math.log(x) + (b - 1.0) * math.log1p(-x))
        step = x - excess / slope if slope > _TINY else high
        following = step if low < step < high else (low + high) / 2.0
        if abs(following - x) <= _CLOSE * x:
            return following
        x = following
    raise ArithmeticError(f"no {probability} quantile of beta({a}, {b}) was found in {_TRIALS} trials")


def _beta_left(a: float, b: float, x: float) -> float:
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(scale) / (a * _fraction(a, b, x))


def _fraction(a: float, b: float, x: float) -> float:
    value, upper, lower = 1.0, 1.0, 0.0
    for step in range(1, _STEPS):
        m = step // 2
        if step % 2 == 0:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        upper = 1.0 + term / upper or _TINY
        lower = 1.0 / (1.0 + term * lower or _TINY)
        value *= upper * lower
        if abs(upper * lower - 1.0) < _EPSILON:
            return value
    raise ArithmeticError(f"the incomplete beta function of ({a}, {b}, {x}) did not converge in {_STEPS} steps")


def _check(n: int, rate: float, confidence: float = 0.5) -> None:
    if n < 0 or not 0.0 <= rate <= 1.0 or not 0.0 < confidence < 1.0:
        raise ValueError(f"n {n}, rate {rate}, confidence {confidence}: needs n ≥ 0, a rate in [0, 1], a confidence in (0, 1)")


def _check_count(count: int, n: int, confidence: float) -> None:
    if not 0 <= count <= n or not 0.0 < confidence < 1.0:
        raise ValueError(f"{count} of {n} at confidence {confidence}: needs 0 ≤ count ≤ n and a confidence in (0, 1)")
