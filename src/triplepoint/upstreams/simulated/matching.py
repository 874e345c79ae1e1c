"""Which case a request falls under, and how often something has happened."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase

from triplepoint.upstreams.simulated.ask import Ask
from triplepoint.upstreams.simulated.draws import draw
from triplepoint.upstreams.simulated.model import Occasion, Script, When


class Tally:
    """Counts occasions, and says whether the present one is meant."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._counts: dict[str, int] = {}

    def is_due(self, occasion: Occasion, name: str) -> bool:
        """Count one more time of ``name`` and tell whether the occasion holds."""
        count = self._counts[name] = self._counts.get(name, 0) + 1
        return (
            (occasion.nth is None or count == occasion.nth)
            and (occasion.from_nth is None or count >= occasion.from_nth)
            and (occasion.to_nth is None or count <= occasion.to_nth)
            and (occasion.every is None or count % occasion.every == 0)
            and (occasion.probability is None or draw(self._seed, name, count) < occasion.probability)
        )


def find_case(script: Script, ask: Ask, headers: Mapping[str, str], *, running_s: float, tally: Tally) -> int | None:
    """Return the number of the first case that holds, None where none does.

    Args:
        headers: Names in lower case.
        running_s: Seconds since the server started.
        tally: Counts each case whose other conditions hold, up to the one that is chosen.
    """
    for number, case in enumerate(script.cases):
        if _holds(case.when, ask, headers, running_s) and tally.is_due(case.when, f"case {number}"):
            return number
    return None


def _holds(when: When, ask: Ask, headers: Mapping[str, str], running_s: float) -> bool:
    return (
        (when.model is None or fnmatchcase(ask.model, when.model))
        and (when.route is None or ask.route is when.route)
        and (when.stream is None or ask.stream is when.stream)
        and (when.contains is None or when.contains in ask.last_text)
        and (when.matches is None or re.search(when.matches, ask.last_text) is not None)
        and all(fnmatchcase(headers.get(name.lower(), ""), value) for name, value in when.headers.items())
        and (when.last_role is None or ask.last_role == when.last_role)
        and (when.tools is None or ask.has_tools is when.tools)
        and (when.min_words is None or ask.words >= when.min_words)
        and (when.after is None or running_s >= when.after)
        and (when.before is None or running_s < when.before)
    )
