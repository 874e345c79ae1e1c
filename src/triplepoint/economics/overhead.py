"""Energy of the whole for each unit that the accelerators take: host, idle share, data centre.

Source: Google's split of the energy of a prompt (Elsworth et al. 2025, arXiv 2508.15734): accelerators 58 %, host processors
and memory 25 %, idle machines 10 %, data centre 8 %. That makes 1.72 times the accelerators. Accounted narrowly, the same
prompt took 0.10 Wh instead of 0.24, which is the upper bound here.
"""

from triplepoint.economics.mixture import Part, factor

_WHOLE = 1.72
_WHOLE_WITHIN = 2.4 / 1.72
_MACHINES = (58 + 25) / 58 * (58 + 25 + 10) / (58 + 25)
"""Host and idle share without the data centre: 1.60."""
_PROCESSOR_WHOLE = 1.2
"""A machine of one's own: its power supply and what cools it."""
_PROCESSOR_WITHIN = 1.25


def overhead(pue: float | None, *, is_processor: bool) -> list[Part]:
    """Return the factor.

    Args:
        pue: Energy of the data centre for each unit that its computers take; None: unknown.
        is_processor: The model runs on a processor, whose share of memory and board is counted already.
    """
    if is_processor:
        return factor(_PROCESSOR_WHOLE, within=_PROCESSOR_WITHIN) if pue is None else factor(pue, within=1.05)
    return factor(_WHOLE, within=_WHOLE_WITHIN) if pue is None else factor(_MACHINES * pue, within=_WHOLE_WITHIN)
