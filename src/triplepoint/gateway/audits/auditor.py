"""Draws requests, takes up those whose answers are complete, and writes down what came of them.

A few audits run at a time; the others wait in a short line, and for a short while. Whoever comes when it is full, and whatever
cannot be audited after all, is dropped and counted by its reason. A request that waits holds its snapshot, so it is audited by
what it was decided by.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec

from triplepoint.foundation.clock import Clock
from triplepoint.foundation.money import EXACT, money_text
from triplepoint.gateway.audits.asking import OwnCalls
from triplepoint.gateway.audits.fit import Pair, asked_again, is_fit, pair_of
from triplepoint.gateway.audits.judging import Judge
from triplepoint.gateway.audits.kept import Kept
from triplepoint.gateway.choice import Choice, is_offered
from triplepoint.gateway.eligible import in_regions, may_call
from triplepoint.gateway.job import Job
from triplepoint.gateway.request import Request
from triplepoint.gateway.runtime import Runtime
from triplepoint.gateway.snapshot import KeyGrant, LineupRoutes, ModelRoute
from triplepoint.ledger.audits.model import Audited
from triplepoint.lineups.model import LearnedRouter, ThresholdRouter
from triplepoint.plans.terms import Terms
from triplepoint.routing.answers.model import Said
from triplepoint.routing.answers.wanted import read_wanted
from triplepoint.routing.audits.compare import compare
from triplepoint.routing.audits.model import Score, outcome
from triplepoint.routing.model import Decision
from triplepoint.telemetry.logs import get_logger
from triplepoint.telemetry.metrics import GatewayMetrics

AT_ONCE: Final = 2
LINE: Final = 32
"""Requests that may wait."""
PATIENCE_S: Final = 60.0
"""How long one may wait; what is older says less of now."""
_log = get_logger("audits")


class Sample(msgspec.Struct, gc=False):
    """A request that was drawn."""

    receipt_id: str
    asked_us: int
    request: Request
    grant: KeyGrant
    terms: Terms
    choice: Choice
    """With a decision; as it was when the request was let in."""
    able: tuple[ModelRoute, ...]
    """The candidates of the decision: models that the caller may use and that can do what it asks, weakest first."""
    kept: Kept
    runtime: Runtime
    since_s: float = 0.0
    """Steady-clock moment from which it waits."""


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What came of a comparison."""

    score: Score | None
    judge: str
    """Model that was asked; empty: none was."""
    cost_usd: Decimal | None
    """Of everything that was asked; None: unknown."""


class Auditor:
    """Audits requests; all of it on the event loop.

    Args:
        calls: Asks models.
        keep: Writes what came of an audit to the journal.
        clock: Time.
        draw: Uniform random numbers in [0, 1).
        metrics: Counts.
    """

    def __init__(
        self,
        calls: OwnCalls,
        *,
        keep: Callable[[Audited], object],
        clock: Clock,
        draw: Callable[[], float],
        metrics: GatewayMetrics,
    ) -> None:
        self._calls = calls
        self._judge = Judge(calls)
        self._keep = keep
        self._clock = clock
        self._draw = draw
        self._metrics = metrics
        self._line: deque[Sample] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def drawn(self, job: Job, runtime: Runtime, now_us: int) -> Sample | None:
        """Draw a request that the router decided on; whoever is drawn has its answer kept from now on.

        Args:
            job: Let in, and not answered yet; its line-up has an audit.
            runtime: What it runs on.
            now_us: When it came.
        Returns: None for one that was not drawn, or cannot be audited.
        """
        audit = job.choice.lineup.audit
        if audit is None or self._is_closed or self._draw() >= audit.share:
            return None
        is_moved = job.admitted.downgraded_from is not None  # by its plan, and that was no decision of the router's
        decided = job.choice.decided
        if decided is None or is_moved or decided.signals.tool_loop or not is_fit(job.request):
            return None
        able = tuple(decided.candidates.values())
        if len(able) < 2:
            return None
        job.kept = Kept()
        terms = job.admitted.terms
        return Sample(job.receipt_id, now_us, job.request, job.grant, terms, job.choice, able, job.kept, runtime)

    def offer(self, sample: Sample, job: Job) -> None:
        """Take up a request whose caller has its whole answer, or drop it."""
        job.kept = None
        sample.choice = job.choice
        if sample.kept.is_too_large:
            self._metrics.audit_dropped("too_large")
        elif len(self._line) >= LINE:
            self._metrics.audit_dropped("full")
        else:
            sample.since_s = self._clock.steady_s()
            sample.runtime.in_flight += 1
            self._line.append(sample)
            if len(self._running) < AT_ONCE:
                task = asyncio.get_running_loop().create_task(self._work(), name="audits")
                self._running.add(task)
                task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Stop at once: what is under way is cancelled, and settled as everything that is; what waits is dropped."""
        self._is_closed = True
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        while self._line:
            self._line.popleft().runtime.in_flight -= 1
            self._metrics.audit_dropped("stopping")

    async def _work(self) -> None:
        while self._line:
            sample = self._line.popleft()
            try:
                why = await self._audit(sample)
                if why is not None:
                    self._metrics.audit_dropped(why)
            except asyncio.CancelledError:
                self._metrics.audit_dropped("stopping")
                raise
            except Exception as error:  # noqa: BLE001 - nobody waits for it; whatever it is, the log has it and the next has its turn
                _log.error("an audit failed for a reason of ours", exc_info=error, receipt=sample.receipt_id)
                self._metrics.audit_dropped("fault")
            finally:
                sample.runtime.in_flight -= 1

    async def _audit(self, sample: Sample) -> str | None:
        """Audit one request; returns why nothing came of it."""
        if self._clock.steady_s() - sample.since_s > PATIENCE_S:
            return "stale"
        request, choice = sample.request, sample.choice
        pair = pair_of(sample.able, choice.route.name)
        if pair is None:  # its answer came from another model than any that the router could have chosen
            return "moved"
        said = await asyncio.to_thread(sample.kept.read, request.dialect, stream=request.stream)
        if said is None:
            return "unreadable"
        asked = await self._calls.ask(
            asked_again(request, pair.other.name),
            pair.other,
            lineup=choice.lineup,
            runtime=sample.runtime,
            audit_of=sample.receipt_id,
            most_output_tokens=sample.terms.max_output_tokens,
        )
        if asked.said is None:
            return asked.why
        if asked.said.is_cut and _is_unbounded(sample):
            return "cut"  # by the bound that the budget put on it, which the caller's answer did not have
        weaker, stronger = (asked.said, said) if pair.chosen_is_reference else (said, asked.said)
        verdict = await self._compare(sample, weaker, stronger, asked.cost_usd)
        audited = _audited(sample, pair, verdict, self._clock.now_us())
        self._keep(audited)
        self._metrics.audited(audited.outcome, verdict.cost_usd)
        return None

    async def _compare(self, sample: Sample, weaker: Said, stronger: Said, cost_usd: Decimal | None) -> Verdict:
        request = sample.request
        wanted = read_wanted(request.fields, request.dialect)
        score = await asyncio.to_thread(compare, wanted, weaker=weaker, stronger=stronger)
        judge = _judge(sample) if score is None else None
        if judge is None:
            return Verdict(score, "", cost_usd)
        judged = await self._judge.compare(
            request,
            judge,
            weaker=weaker,
            stronger=stronger,
            lineup=sample.choice.lineup,
            runtime=sample.runtime,
            audit_of=sample.receipt_id,
        )
        total = None if cost_usd is None or judged.cost_usd is None else EXACT.add(cost_usd, judged.cost_usd)
        return Verdict(judged.score, judge.name if judged.was_asked else "", total)


def _is_unbounded(sample: Sample) -> bool:
    return sample.request.output_bound() is None and sample.terms.max_output_tokens is None


def _judge(sample: Sample) -> ModelRoute | None:
    """Return the model that compares; None: there is none, or the caller's words may not go there."""
    lineup, terms = sample.choice.lineup, sample.terms
    name = lineup.audit.judge if lineup.audit is not None else None
    route = lineup.models.get(name) if name is not None else None
    if route is None or not may_call(sample.grant, terms, route) or not is_offered(route, sample.asked_us):
        return None
    return in_regions(lineup, route, terms)


def _audited(sample: Sample, pair: Pair, verdict: Verdict, now_us: int) -> Audited:
    choice, score = sample.choice, verdict.score
    decided, audit = choice.decided, choice.lineup.audit
    assert decided is not None and audit is not None  # noqa: S101, PT018 - it was drawn
    decision, is_reference = decided.decision, pair.chosen_is_reference
    chosen_score = None if score is None else score.stronger if is_reference else score.weaker
    other_score = None if score is None else score.weaker if is_reference else score.stronger
    return Audited(
        receipt_id=sample.receipt_id,
        asked_us=sample.asked_us,
        at_us=now_us,
        lineup=choice.lineup.hash,
        plan=sample.terms.plan,
        chosen=pair.chosen.name,
        other=pair.other.name,
        reference=pair.reference,
        policy=decision.policy,
        group=decision.group,
        scorer=decision.scorer,
        is_certified=decision.is_certified,
        known_as=_known_as(choice.lineup, decision, pair.reference),
        has_signal=decision.has_signal,
        share=audit.share,
        scored_by=score.by.value if score is not None else "",
        outcome=outcome(score, chosen_is_reference=is_reference).value,
        chosen_score=chosen_score,
        other_score=other_score,
        judge=verdict.judge,
        cost_usd=None if verdict.cost_usd is None else money_text(verdict.cost_usd),
    )


def _known_as(lineup: LineupRoutes, decision: Decision, reference: str) -> str:
    """Return the reference by the scorer's name; empty where it was not weighed, or not known."""
    weighed = [one for one in decision.weighed if one.model == reference and one.quality is not None]
    router = lineup.setup.router if lineup.setup is not None else None
    if not weighed or not isinstance(router, ThresholdRouter | LearnedRouter):
        return ""
    return router.scorer.models.get(reference, reference)
