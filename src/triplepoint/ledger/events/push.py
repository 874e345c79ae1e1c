"""Delivering events over HTTP: at least once, in order, resumable.

The cursor moves when the receiver has answered with success, and not before. What it could not take is tried again with pauses
that double, drawn between half and whole so that many pushers do not come together; a refusal that would be repeated ends the
push, for skipping what is owed is not for a machine to decide.
"""

import hashlib
import http.client
import logging
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import msgspec

from triplepoint.foundation.clock import Clock
from triplepoint.foundation.errors import RequestInvalid, UpstreamFault
from triplepoint.foundation.secret import Secret
from triplepoint.ledger.events.make import to_event
from triplepoint.ledger.events.ports import Endings, NotTaken, Sink

BATCH = "application/cloudevents-batch+json"
SINGLE = "application/cloudevents+json"
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 60.0
_TIMEOUT_S = 30.0
_LATER = frozenset({408, 409, 425, 429})
"""Refusals that may be another answer next time; as is every 5xx."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push delivered."""

    events: int
    position: int
    """Number of the last ending that the receiver has."""


@dataclass(frozen=True, slots=True)
class PushOptions:
    """How to deliver."""

    batch: int = 100
    """Events in a body; 1: each alone, in structured mode."""
    tries: int = 8
    """How often a body is tried before the push gives up; its place is kept."""


class Pusher:
    """Delivers what has ended since the last time.

    Args:
        endings: What has ended.
        sink: Who takes it.
        cursor: Name under which the place is kept.
        source: Of the events.
        clock: Dates the cursor.
        pause: Waits a number of seconds.
        draw: Number from 0 to 1.
    """

    def __init__(
        self,
        endings: Endings,
        sink: Sink,
        *,
        cursor: str,
        source: str,
        clock: Clock,
        pause: Callable[[float], None],
        draw: Callable[[], float],
        options: PushOptions | None = None,
    ) -> None:
        self._endings = endings
        self._sink = sink
        self._cursor = cursor
        self._source = source
        self._clock = clock
        self._pause = pause
        self._draw = draw
        self._options = options or PushOptions()

    def push(self) -> Pushed:
        """Deliver everything that stands there now.

        Raises:
            UpstreamFault: the receiver could not take it, however often it was tried.
            RequestInvalid: the receiver refuses it.
            Conflict: somebody else pushes under the same cursor.
        """
        since = self._endings.position(self._cursor)
        delivered = 0
        while (ending := self._endings.after(since)) is not None:
            events = [to_event(row, self._source) for row in ending.rows if not row.audit_of]  # nobody is billed for those
            for body, content_type in _bodies(events, self._options.batch):
                self._deliver(body, content_type)
            self._endings.move(self._cursor, since=since, to=ending.no, now_us=self._clock.now_us())
            since, delivered = ending.no, delivered + len(events)
        return Pushed(delivered, since)

    def skip(self) -> Pushed:
        """Leave out what stands there now, and begin with what ends later."""
        since, last = self._endings.position(self._cursor), self._endings.last()
        if last > since:
            self._endings.move(self._cursor, since=since, to=last, now_us=self._clock.now_us())
        return Pushed(0, max(since, last))

    def _deliver(self, body: bytes, content_type: str) -> None:
        pause_s = _FIRST_PAUSE_S
        for tried in range(1, self._options.tries + 1):
            try:
                self._sink.deliver(body, content_type)
                return
            except NotTaken as fault:
                if tried == self._options.tries:
                    raise UpstreamFault(
                        f"the receiver did not take events after {tried} tries: {fault.reason}; the place is kept, push again "
                        "when it is well",
                        code="push_failed",
                    ) from fault
                wait_s = max(fault.retry_after_s or 0.0, pause_s * (0.5 + 0.5 * self._draw()))
                _log.warning("events were not taken (%s); tried again in %.1f s", fault.reason, wait_s)
                self._pause(min(wait_s, _LONGEST_PAUSE_S))
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


def _bodies(events: Sequence[msgspec.Struct], size: int) -> Iterator[tuple[bytes, str]]:
    if size == 1:
        yield from ((msgspec.json.encode(event), SINGLE) for event in events)
        return
    for start in range(0, len(events), size):
        yield msgspec.json.encode(events[start : start + size]), BATCH


def cursor_name(url: str) -> str:
    """Return the name under which the place of a push to an address is kept."""
    return f"push:{hashlib.sha256(url.encode()).hexdigest()[:40]}"


class HttpSink:
    """Posts to an address; follows no redirect, which could lead a token astray.

    Args:
        url: ``https://…``, or ``http://…``.
        bearer: Sent as ``Authorization: Bearer``.
        timeout_s: Longest wait for the receiver.
    Raises: RequestInvalid: that is no address.
    """

    def __init__(self, url: str, *, bearer: Secret | None = None, timeout_s: float = _TIMEOUT_S) -> None:
        self._url = _checked(url)
        self._bearer = bearer
        self._timeout_s = timeout_s

    def deliver(self, body: bytes, content_type: str) -> None:
        """Post a body.

        Raises:
            NotTaken: no answer, or one that may be another next time.
            RequestInvalid: it refuses it, and would again.
        """
        headers = {"content-type": content_type, "accept": "*/*", "user-agent": "triplepoint"}
        if self._bearer is not None:
            headers["authorization"] = f"Bearer {self._bearer.reveal()}"
        connection = self._connect()
        try:
            connection.request("POST", self._path, body, headers)
            answer = connection.getresponse()
            answer.read(65_536)
        except (OSError, http.client.HTTPException) as error:
            raise NotTaken(f"{self._url.hostname} does not answer: {type(error).__name__}") from error
        finally:
            connection.close()
        self._judge(answer.status, answer.getheader("retry-after"))

    def _judge(self, status: int, retry_after: str | None) -> None:
        if 200 <= status < 300:
            return
        if status in _LATER or status >= 500:
            wait_s = float(retry_after) if retry_after is not None and retry_after.isdigit() else None
            raise NotTaken(f"it answered {status}", retry_after_s=wait_s)
        raise RequestInvalid(
            f"the receiver refuses usage events with {status}; look at address and token, then push again: the place is kept",
            code="push_refused",
        )

    @property
    def _path(self) -> str:
        path = self._url.path or "/"
        return f"{path}?{self._url.query}" if self._url.query else path

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=ssl.create_default_context())
        return http.client.HTTPConnection(host, port, timeout=self._timeout_s)


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_right = False
        parts = urlsplit("")
    if not is_right or any(character <= " " for character in url):
        raise RequestInvalid("write the receiver's address like https://billing.example/events", param="url")
    if parts.username is not None or parts.password is not None:
        raise RequestInvalid("a password in the address would end in logs; name a variable with --bearer", param="url")
    return parts
