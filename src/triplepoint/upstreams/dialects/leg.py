"""One translation between two dialects, and several of them in a row.

A leg takes the caller's side over to the upstream's and brings answers back. Legs chain through chat: the body that one
leaves is the next one's request, and an answer comes back through them in the opposite order.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from triplepoint.foundation.clock import Clock
from triplepoint.upstreams.dialects.model import Event, EventTranslator, Fields


@dataclass(frozen=True, slots=True)
class Terms:
    """What a translation must know beside the request."""

    asked_model: str
    """The name that the caller used and gets back."""
    upstream_model: str
    """The name that the upstream knows."""
    max_output_tokens: int
    """Limit for a dialect that demands one, where the caller set none."""
    clock: Clock
    """Dates an answer whose dialect demands a date, where the upstream's has none."""


@dataclass(slots=True)
class Leg:
    """One translation; an `Exchange`."""

    body: Fields
    """The request in the upstream's dialect."""
    translate_answer: Callable[[bytes], bytes]
    """Turns a whole answer."""
    open_events: Callable[[], EventTranslator]
    """Makes a translator for a streamed answer."""
    notices: list[str] = field(default_factory=list[str])
    """What could not be carried over."""

    def answer(self, body: bytes) -> bytes:
        """Translate a whole, successful answer."""
        return self.translate_answer(body)

    def events(self) -> EventTranslator:
        """Return a translator for a streamed answer."""
        return self.open_events()


def chained(near: Leg, far: Leg) -> Leg:
    """Join two legs: ``near`` faces the caller, ``far`` the upstream."""
    return Leg(
        body=far.body,
        translate_answer=lambda body: near.answer(far.answer(body)),
        open_events=lambda: _Relay(near.events(), far.events()),
        notices=[*near.notices, *far.notices],
    )


class Notices:
    """Collects notices in order, each once."""

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}

    def dropped(self, name: str, why: str = "") -> None:
        """Note that something the caller gave does not reach the upstream."""
        self._seen[f"dropped: {name} ({why})" if why else f"dropped: {name}"] = None

    def changed(self, name: str, how: str) -> None:
        """Note that something reaches the upstream in another form, which may act otherwise."""
        self._seen[f"changed: {name} ({how})"] = None

    def listed(self) -> list[str]:
        """Return what was noted."""
        return list(self._seen)


class _Relay:
    """Feeds the events that one translator makes to the next."""

    def __init__(self, near: EventTranslator, far: EventTranslator) -> None:
        self._near = near
        self._far = far

    def feed(self, event: Event) -> list[Event]:
        """Translate one event of the upstream."""
        return [told for between in self._far.feed(event) for told in self._near.feed(between)]


def event(name: str, members: object) -> Event:
    """Make an event whose name stands in its data, too, as Anthropic and OpenAI responses do."""
    return Event(name.encode(), msgspec.json.encode(members))
