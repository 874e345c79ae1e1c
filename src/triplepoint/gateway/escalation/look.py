"""One look at one cheap answer: what its upstream must be asked for, and what is found."""

from triplepoint.gateway.admitted import Admitted
from triplepoint.gateway.escalation.confidence import with_logprobs
from triplepoint.gateway.escalation.terms import Watch
from triplepoint.gateway.outgoing import Outgoing
from triplepoint.gateway.request import Request
from triplepoint.lineups.model import Capability, Check
from triplepoint.routing.answers.model import Said
from triplepoint.routing.answers.reading import read_answer, read_stream
from triplepoint.routing.escalation.asked import read_asked
from triplepoint.routing.escalation.confidence import Logprobs
from triplepoint.routing.escalation.examine import examine
from triplepoint.routing.escalation.model import Finding


class Look:
    """A look at the answer of a request.

    Args:
        watch: What is looked at.
        request: The caller's.
        admitted: What it was let in on: the model whose answer it is, and how long that may be.
        pieces: What of a stream is held so far; the holder adds to it.
    """

    def __init__(self, watch: Watch, request: Request, admitted: Admitted, pieces: list[bytes]) -> None:
        self.finding: Finding | None = None
        """Why the answer will not do, once it was looked at; None: it will."""
        self._watch = watch
        self._request = request
        self._room_tokens = request.output_bound() if admitted.longest is None else admitted.longest
        self._may_ask = Capability.REASONING not in admitted.choice.route.capabilities
        self._pieces = pieces
        self._logprobs: Logprobs | None = None

    def prepare(self, outgoing: Outgoing) -> Outgoing:
        """Return an attempt's request with what the checks need of its answer."""
        if Check.CONFIDENCE not in self._watch.checks:
            return outgoing
        self._logprobs = Logprobs(outgoing.dialect)
        return with_logprobs(outgoing, self._logprobs, may_ask=self._may_ask)

    def whole(self, body: bytes) -> list[str]:
        """Look at a whole answer in the caller's dialect; returns what its receipt says of it."""
        return self._examine(read_answer(body, self._request.dialect))

    def stream(self, last: bytes) -> list[str]:
        """Look at a stream whose last events have come; returns what its receipt says of it."""
        return self._examine(read_stream(b"".join([*self._pieces, last]), self._request.dialect))

    def broke_off(self) -> None:
        """Note that the answer never came to its end."""
        self._examine(None)

    def _examine(self, said: Said | None) -> list[str]:
        watch, request = self._watch, self._request
        self.finding = examine(
            said,
            read_asked(request.fields, request.dialect, room_tokens=self._room_tokens),
            watch.checks,
            logprob=self._logprobs.mean if self._logprobs is not None else None,
            min_logprob=watch.min_logprob,
        )
        return [] if self.finding is None else [f"check {self.finding.check}: {self.finding.words}"]
