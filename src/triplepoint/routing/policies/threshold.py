"""``auto`` is one of two models: the strong one where the weak one is too likely to fail where it would not.

With P(strong good) · (1 − P(weak good)) from the scorer, the strong one answers from the threshold on. Where the one that is
meant is no candidate, the nearest candidate in line-up order takes its place; where it is worse and dearer than the other, the
other. Without estimates of both, and for a request unlike anything learnt, the default is meant.
"""

from collections.abc import Container, Mapping, Sequence

from triplepoint.lineups.digest import SHOWN
from triplepoint.lineups.model import ThresholdRouter
from triplepoint.routing.facts import ModelFacts
from triplepoint.routing.model import Decision, Question, Scores
from triplepoint.routing.policies.domination import drop_dominated
from triplepoint.routing.policies.exploration import explore
from triplepoint.routing.policies.ordered import in_order, nearest
from triplepoint.routing.policies.staying import stay_in_loop, stay_in_talk
from triplepoint.routing.policies.weighing import Weigher, Weight, weighed
from triplepoint.routing.ports import Scorer

THRESHOLD = "threshold"


class Threshold:
    """A threshold router.

    Args:
        router: As the line-up has it.
        models: What is known of every model of the line-up, in its order.
        scorer: What it has learnt.
    """

    reads_text = True
    is_sticky = True
    takes_thrift = False
    reads_waits = False

    def __init__(self, router: ThresholdRouter, models: Mapping[str, ModelFacts], scorer: Scorer) -> None:
        self._scorer = scorer
        self._digest = scorer.digest[:SHOWN]
        self._models = tuple(models)
        self._weigher = Weigher(models)
        self._default = router.default
        self._share = router.explore
        self._weak, self._strong = router.weak, router.strong
        self._threshold = router.threshold
        self._margin = router.switch_margin

    def decide(self, question: Question, candidates: Container[str]) -> Decision:
        """Choose the weak or the strong model, or the candidate that is nearest to the one that is meant."""
        available = in_order(self._models, candidates)
        in_loop = question.signals.tool_loop
        if in_loop and (kept := stay_in_loop(question, THRESHOLD, available)) is not None:
            return kept
        scores = self._scorer.score(question)
        weights = self._weigher.weigh(available, question, scores)
        wanted, reason = self._want(scores)
        meant = wanted if wanted in available else nearest(wanted, self._models, available)
        if meant != wanted:
            reason = f"{reason}; {wanted} is no candidate, {meant} is the nearest"
        allowed = self._restrict(weights, meant, scores)
        model, reason = _settle(allowed, meant, reason, question.served_before, self._margin)
        among = [one.model for one in allowed]
        choice = explore(model, among, share=0.0 if in_loop else self._share, draw=question.draw)
        return Decision(
            choice.model,
            f"explored: one of {len(among)} by chance" if choice.explored else reason,
            THRESHOLD,
            available,
            choice.propensity,
            choice.explored,
            weighed(weights),
            scores.group,
            self._digest,
            has_signal=scores.has_signal,
        )

    def _want(self, scores: Scores) -> tuple[str, str]:
        """Return the model that is meant, be it a candidate or not."""
        weak, strong = scores.estimates.get(self._weak), scores.estimates.get(self._strong)
        if weak is None or strong is None:
            return self._default, f"{self._weak if weak is None else self._strong} is unknown to the scorer, so the default"
        if not scores.has_signal:
            return self._default, "unlike anything learnt, so the default"
        misroute = strong.quality * (1 - weak.quality)
        if misroute >= self._threshold:
            return self._strong, f"{self._weak} would misroute with {misroute:.3f}, at least {self._threshold:g}"
        return self._weak, f"{self._weak} would misroute with {misroute:.3f}, less than {self._threshold:g}"

    def _restrict(self, weights: Sequence[Weight], meant: str, scores: Scores) -> list[Weight]:
        """Leave the two, and the one that is meant, less whoever is dominated; in place."""
        for one in weights:
            if one.model in {self._weak, self._strong, meant}:
                one.is_allowed, one.why_not = True, ""
            else:
                one.is_allowed, one.why_not = False, "neither the weak nor the strong one"
        drop_dominated([one for one in weights if one.is_allowed and one.is_known], scores)
        return [one for one in weights if one.is_allowed]


def _settle(allowed: Sequence[Weight], meant: str, reason: str, before: str | None, margin: float) -> tuple[str, str]:
    """Return who answers, after domination and the conversation have had their say."""
    chosen = next((one for one in allowed if one.model == meant), None)
    if chosen is None:  # only a known one is dominated, and by a known one
        chosen = max([one for one in allowed if one.is_known], key=lambda one: one.quality)
        reason = f"{meant} is dominated by {chosen.model}"
    free = stay_in_talk(allowed, before, margin)
    if any(one is chosen for one in free):
        return chosen.model, reason
    return before or chosen.model, f"its conversation is with {before}, and changing gains too little"
