"""A sliding window in slices: use counts until all of its slice has left the window, so never too little."""

from triplepoint.plans.counters.model import SLICES


def slice_length_us(span_us: int) -> int:
    """Return how long a slice of a sliding window is; at least a microsecond."""
    return max(1, -(-span_us // SLICES))


def first_slice(now_us: int, span_us: int) -> int:
    """Return the number of the first slice that still counts."""
    return (now_us - span_us) // slice_length_us(span_us)


def frees_us(last_slice: int, span_us: int) -> int:
    """Return the moment at which a slice has left the window altogether."""
    return (last_slice + 1) * slice_length_us(span_us) + span_us
