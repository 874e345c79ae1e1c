"""What a router of today would have decided on the requests of the ledger, from the facts and estimates that were logged.

Words of requests are not in the ledger, so a scorer cannot be asked again: a router that reads estimates gets those that were
logged, and where there were none it has no signal. Chance is left out.
"""

from collections.abc import Iterator, Sequence

import msgspec

from triplepoint.foundation.errors import NotEntitled
from triplepoint.ledger.model import AttemptRow
from triplepoint.ledger.routed import Routed
from triplepoint.routing.evaluation.off_policy import LoggedDecision, Policy
from triplepoint.routing.model import Estimate, Question, Scores, Signals
from triplepoint.routing.policies.compile import RouterSetup


class LoggedScorer:
    """Answers with the estimates of one logged decision at a time."""

    def __init__(self, digest: str, models: Sequence[str]) -> None:
        """Know nothing yet.

        Args:
            digest: Of the scorer that it stands for.
            models: By the line-up's names.
        """
        self.digest = digest
        self.models = tuple(models)
        self._now = Scores({}, has_signal=False)

    def turn_to(self, routed: Routed) -> None:
        """Answer with this decision's estimates from now on."""
        found = {one.model: Estimate(one.quality, one.output_tokens) for one in routed.candidates if one.quality is not None}
        self._now = Scores(found, routed.group, has_signal=bool(found))

    def score(self, question: Question) -> Scores:
        """Return the estimates that were turned to, whatever is asked."""
        return self._now


def replayed(setup: RouterSetup, *, thrift: int | None) -> "Replay":
    """Make a router ready to decide on logged requests.

    Args:
        setup: The router of a line-up.
        thrift: Dial in force; None: as it was logged.
    """
    digest = setup.scorer.digest if setup.scorer is not None else ""
    scorer = LoggedScorer(digest, tuple(setup.models))
    plain = RouterSetup(setup.router, setup.models, scorer, setup.certificates, setup.lapsed)
    return Replay(plain, scorer, thrift)


class Replay:
    """A router that decides on logged requests."""

    def __init__(self, setup: RouterSetup, scorer: LoggedScorer, thrift: int | None) -> None:
        """Compile it."""
        self._router = setup.compile()
        self._scorer = scorer
        self._thrift = thrift

    def choose(self, row: AttemptRow) -> str | None:
        """Return the model that it chooses among those that were allowed; None: none of them is in its line-up."""
        routed = row.routed
        if routed is None:
            return None
        self._scorer.turn_to(routed)
        signals = msgspec.convert(routed.signals, Signals)
        question = Question(signals=signals, thrift=routed.thrift if self._thrift is None else self._thrift)
        try:
            return self._router.decide(question, {one.model for one in routed.candidates if one.is_allowed}).model
        except NotEntitled:
            return None


def policy_of(replay: Replay, rows: Sequence[AttemptRow], decisions: Sequence[LoggedDecision]) -> Policy:
    """Turn a replay into a policy over decisions, which must be those of the rows, in their order."""
    chosen = {id(decision): replay.choose(row) for row, decision in zip(rows, decisions, strict=True)}
    return lambda decision: {chosen[id(decision)] or decision.chosen: 1.0}


def policies_of(
    setup: RouterSetup | None, rows: Sequence[AttemptRow], decisions: Sequence[LoggedDecision]
) -> Iterator[tuple[str, Policy]]:
    """Yield what a line-up's router would have done, at its own dial and at others where it has one."""
    if setup is None:
        return
    plain = replayed(setup, thrift=None)
    yield "the line-up's router, without chance", policy_of(plain, rows, decisions)
    if setup.compile().takes_thrift:
        for thrift in (0, 25, 50, 75, 100):
            yield f"the same at thrift {thrift}", policy_of(replayed(setup, thrift=thrift), rows, decisions)
