"""``auto`` is the model whose expected answer is worth most after what it takes, among those that may be chosen at all.

In this order: the candidates are weighed (`weighing`); the dominated are dropped (`domination`); the promise leaves those that
a certificate covers (`promise`); of these the one that is worth most at the thrift in force is chosen (`thrift`), unless its
conversation is with another one and gains too little by changing (`staying`); then chance has its share (`exploration`).

Unsure is conservative. A request unlike anything learnt, and candidates that cannot be weighed, get the default, else the
strongest; at thrift 100 the cheapest all the same, for that is what was asked.
"""

from collections.abc import Container, Mapping, Sequence
from math import floor, log10

import msgspec

from triplepoint.lineups.digest import SHOWN
from triplepoint.lineups.model import LearnedRouter
from triplepoint.routing.facts import ModelFacts
from triplepoint.routing.model import Decision, Question, Scores
from triplepoint.routing.policies.domination import drop_dominated
from triplepoint.routing.policies.exploration import Choice, explore
from triplepoint.routing.policies.ordered import in_order
from triplepoint.routing.policies.promise import Keeper
from triplepoint.routing.policies.staying import stay_in_loop, stay_in_talk
from triplepoint.routing.policies.thrift import CHEAPEST, best, put_worth
from triplepoint.routing.policies.weighing import Weigher, Weight, weighed
from triplepoint.routing.ports import Scorer

LEARNED = "learned"


class Learned:
    """A learned router.

    Args:
        router: As the line-up has it.
        models: What is known of every model of the line-up, in its order.
        scorer: What it has learnt.
        keeper: Keeps its promise; None: it makes none.
    """

    reads_text = True
    is_sticky = True
    takes_thrift = True

    def __init__(
        self, router: LearnedRouter, models: Mapping[str, ModelFacts], scorer: Scorer, keeper: Keeper | None = None
    ) -> None:
        self._scorer = scorer
        self._digest = scorer.digest[:SHOWN]
        self._models = tuple(models)
        self._weigher = Weigher(models)
        self._default = router.default
        self._share = router.explore
        self._thrift = router.thrift
        self._margin = router.switch_margin
        self._good_usd = float(router.good_answer_usd)
        self._usd_per_wh = float(router.energy_usd_per_kwh) / 1000
        self._usd_per_s = float(router.waiting_usd_per_hour) / 3600
        self._keeper = keeper
        self.reads_waits = self._usd_per_s > 0

    def decide(self, question: Question, candidates: Container[str]) -> Decision:
        """Choose the model that is worth most."""
        available = in_order(self._models, candidates)
        thrift = self._thrift if question.thrift is None else min(max(question.thrift, 0), 100)
        in_loop = question.signals.tool_loop
        if in_loop and (kept := stay_in_loop(question, LEARNED, available)) is not None:
            return msgspec.structs.replace(kept, thrift=thrift)
        scores = self._scorer.score(question)
        weights = self._weigher.weigh(available, question, scores)
        self._judge([one for one in weights if one.is_known], scores, thrift)
        certified, promised = self._keeper.keep(weights, scores.group) if self._keeper is not None else (False, "")
        if any([one.is_allowed for one in weights]):  # noqa: C419 - a generator costs twice this
            chosen, reason = self._choose(weights, question, scores, thrift)
        else:
            chosen, reason = self._without_weights(weights, question.served_before)
        allowed = [one.model for one in weights if one.is_allowed]
        choice = explore(chosen.model, allowed, share=0.0 if in_loop else self._share, draw=question.draw)
        return Decision(
            choice.model,
            _worded(reason, promised, choice, len(allowed)),
            LEARNED,
            available,
            choice.propensity,
            choice.explored,
            weighed(weights),
            scores.group,
            self._digest,
            thrift,
            certified,
            scores.has_signal,
        )

    def _judge(self, known: Sequence[Weight], scores: Scores, thrift: int) -> None:
        """Say what each is worth, and who is dominated; in place."""
        put_worth(known, thrift=thrift, good_usd=self._good_usd, usd_per_wh=self._usd_per_wh, usd_per_s=self._usd_per_s)
        drop_dominated(known, scores)

    def _choose(self, weights: Sequence[Weight], question: Question, scores: Scores, thrift: int) -> tuple[Weight, str]:
        allowed = [one for one in weights if one.is_allowed]
        free = stay_in_talk(allowed, question.served_before, self._margin)
        if not scores.has_signal and thrift < CHEAPEST:
            return self._unsure(free, question.served_before, "unlike anything learnt")
        chosen = best(free)
        if free is not allowed and chosen.model == question.served_before and best(allowed) is not chosen:
            return chosen, f"its conversation is with {chosen.model}, and changing gains too little"
        return chosen, _why(chosen, thrift)

    def _unsure(self, free: Sequence[Weight], before: str | None, why: str) -> tuple[Weight, str]:
        """Return the conversation's model, else the default, else the strongest."""
        for meant, whose in ((before, "so its conversation's"), (self._default, "so the default")):
            for one in free:
                if one.model == meant:
                    return one, f"{why}, {whose}"
        return free[-1], f"{why}, and {self._default} is not to be had, so the strongest"

    def _without_weights(self, weights: Sequence[Weight], before: str | None) -> tuple[Weight, str]:
        """Choose where no candidate is known and nothing is promised: all are alike."""
        for one in weights:
            one.is_allowed, one.why_not = True, ""
        return self._unsure(weights, before, "no candidate can be weighed")


def _why(chosen: Weight, thrift: int) -> str:
    if not chosen.is_known:
        return f"{chosen.model} alone may answer, at an unknown price"
    numbers = f"{chosen.quality * 100:.0f} % good for {_plain(chosen.cost_usd)} USD"
    if thrift >= CHEAPEST:
        return f"the cheapest, as thrift {thrift} wants it: {numbers}"
    return f"worth most at thrift {thrift}: {numbers}"


def _plain(amount: float) -> str:
    """Write an amount with two digits that count, without an exponent."""
    return f"{amount:.{max(1 - floor(log10(amount)), 0)}f}" if 0 < amount < 10 else f"{amount:.0f}"


def _worded(reason: str, promised: str, choice: Choice, count: int) -> str:
    if choice.explored:
        reason = f"explored: one of {count} by chance"
    return f"{reason}; {promised}" if promised else reason
