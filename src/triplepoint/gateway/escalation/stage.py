"""The stage after the answer: what was held is given as it is, or a stronger model is asked once and its answer given.

Where a check fails a stronger model is asked if all of this holds; else the cheap answer is given with a notice that says why:

- some candidate of the decision above the chosen model is up: it is entitled to, above the floor, and able to do what is asked;
- the plan has room for it: a reservation of its own, beside what the first attempt has used, down no ladder, and from no credit
  that a used-up quota would turn to;
- the caller still waits long enough for it, by what the model took lately.

If the stronger model fails, the cheap answer is given after all. Both attempts are recorded and charged like any two attempts.
"""

import msgspec

from triplepoint.foundation.clock import Clock
from triplepoint.foundation.errors import TriplepointError
from triplepoint.gateway.admission import Admissions, up_reservation
from triplepoint.gateway.admitted import Admitted
from triplepoint.gateway.arrival import Arrival
from triplepoint.gateway.escalation.durations import Durations
from triplepoint.gateway.escalation.held import HeldJob
from triplepoint.gateway.escalation.watch import is_watched, stronger_up
from triplepoint.gateway.outgoing import Task
from triplepoint.gateway.request import Request
from triplepoint.gateway.runtime import Runtime
from triplepoint.gateway.served import add_served_headers
from triplepoint.gateway.snapshot import KeyGrant, ModelRoute
from triplepoint.routing.escalation.model import Finding
from triplepoint.telemetry.metrics import GatewayMetrics

NO_ROOM, NO_TIME = "the plan has no room for a stronger model", "there is no time left to ask a stronger model"


class Escalations:
    """Answers requests whose answers are looked at.

    Args:
        admissions: Lets them in at the stronger model.
        clock: Time.
        metrics: Counts.
    """

    def __init__(self, admissions: Admissions, clock: Clock, metrics: GatewayMetrics) -> None:
        self._admissions = admissions
        self._clock = clock
        self._metrics = metrics
        self._durations = Durations()

    def job(self, arrival: Arrival, request: Request, admitted: Admitted, grant: KeyGrant) -> HeldJob | None:
        """Make the job of a request whose answer is looked at; None where it is not. Before headers name the model."""
        watch = admitted.choice.lineup.watch
        if watch is None or arrival.endpoint.task is not Task.GENERATE or not is_watched(watch, request, admitted):
            return None
        return HeldJob(arrival, request, admitted, grant, watch=watch, steady_s=self._clock.steady_s)

    async def answer(self, job: HeldJob, arrival: Arrival, runtime: Runtime) -> None:
        """Have the request answered.

        Raises: TriplepointError: the chosen model could not; nothing has reached the caller.
        """
        look, started_s = job.look, self._clock.steady_s()
        await runtime.attempts.answer(job, Task.GENERATE)
        if look is None or not job.is_held:  # let go on the way
            self._metrics.looked(job.choice.route.name, "let_go")
            return
        took_s = self._clock.steady_s() - started_s
        if not job.request.stream:
            self._durations.note(job.choice.route.name, took_s, stream=False)
        finding = look.finding
        self._metrics.looked(job.choice.route.name, "sound" if finding is None else finding.check)
        if finding is None:
            await job.let_go()
            return
        why_not = await self._go_up(job, finding, arrival, runtime, took_s)
        if why_not:
            await job.let_go(f"{job.choice.route.name} answered although {finding.words}: {why_not}")

    async def _go_up(self, job: HeldJob, finding: Finding, arrival: Arrival, runtime: Runtime, took_s: float) -> str:
        """Have a stronger model answer instead; returns why it did not, empty where it did."""
        first, weak = job.admitted, job.choice.route.name
        watch = job.choice.lineup.watch
        assert watch is not None  # noqa: S101 - the job was made by it
        route, why_not = stronger_up(watch, job.choice, runtime.upstreams, self._clock.steady_s())
        if route is None:
            self._metrics.escalated(weak, "", finding.check, "nobody_up")
            return why_not
        if not self._is_time(job, route, took_s):
            self._metrics.escalated(weak, route.name, finding.check, "no_time")
            return NO_TIME
        if first.holds:  # what it came to takes the place of its worst case, before more is asked for
            await self._admissions.settle(first, job.grant, job.receipt_id)
            first.holds = ()
        choice = msgspec.structs.replace(job.choice, route=route, reason=f"escalated from {weak}: {finding.words}")
        admitted = await self._admissions.admit_up(job.request, choice, first, job.grant, job.receipt_id)
        if admitted is None:
            self._metrics.escalated(weak, route.name, finding.check, "no_room")
            return NO_ROOM
        admitted.escalated_from = weak
        admitted.notices.append(choice.reason)
        outcome = await self._answer_up(job, admitted, arrival, runtime)
        self._metrics.escalated(weak, route.name, finding.check, "failed" if outcome else "answered")
        return outcome

    async def _answer_up(self, job: HeldJob, admitted: Admitted, arrival: Arrival, runtime: Runtime) -> str:
        """Have the stronger model answer; returns why it could not, empty where it did."""
        first, route, started_s = job.admitted, admitted.choice.route, self._clock.steady_s()
        headers = job.base_headers
        add_served_headers(headers, admitted, arrival, self._clock.now_us())
        job.turn_up(admitted, headers)
        try:
            await runtime.attempts.answer(job, Task.GENERATE)
        except TriplepointError as error:
            if job.has_begun:
                raise
            job.turn_back()
            return f"{route.name} failed ({error.code})"
        finally:
            job.admitted = first
            if admitted.holds:
                await self._admissions.settle(admitted, job.grant, up_reservation(job.receipt_id))
        begun_s = job.begun_s if job.begun_s is not None else self._clock.steady_s()
        self._durations.note(route.name, begun_s - started_s, stream=job.request.stream)
        return ""

    def _is_time(self, job: HeldJob, route: ModelRoute, took_s: float) -> bool:
        """Tell whether the caller will still be there; a model that was never seen is taken to be as slow as the first one."""
        if job.deadline_s is None:
            return True
        expected_s = self._durations.expected_s(route.name, stream=job.request.stream)
        return self._clock.steady_s() + (took_s if expected_s is None else expected_s) < job.deadline_s
