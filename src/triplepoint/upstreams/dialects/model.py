"""The three dialects, and what a translation between two of them looks like."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

import msgspec


class Dialect(StrEnum):
    """A wire format of language models."""

    CHAT = "chat"
    """OpenAI chat completions."""
    RESPONSES = "responses"
    """OpenAI responses."""
    MESSAGES = "messages"
    """Anthropic messages."""


Fields = Mapping[str, object]
"""Top-level members of a JSON body in their order. Values are `msgspec.Raw` (bytes untouched) or plain JSON values;
`msgspec.json.encode` writes both."""


class Event(msgspec.Struct, frozen=True):
    """One server-sent event."""

    name: bytes
    """Its ``event:`` field; empty where it has none, as in chat completions."""
    data: bytes
    """Its ``data:`` lines, joined by newlines."""


class EventTranslator(Protocol):
    """Turns the upstream's events of one answer into the caller's; holds the state between them."""

    def feed(self, event: Event) -> list[Event]:
        """Translate one event, which may become none or several.

        Raises: UpstreamFault: the event breaks its dialect.
        """
        ...


class Exchange(Protocol):
    """One request on its way from the caller's dialect to the upstream's, and its answer's way back."""

    body: Fields
    """The request in the upstream's dialect; the model's name is the upstream's."""
    notices: list[str]
    """What could not be carried over, for the receipt and the caller: ``dropped: logit_bias``."""

    def answer(self, body: bytes) -> bytes:
        """Translate a whole, successful answer.

        Raises: UpstreamFault: the body is not an answer of the upstream's dialect.
        """
        ...

    def events(self) -> EventTranslator:
        """Return a translator for a streamed answer, used once."""
        ...
