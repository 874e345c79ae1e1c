"""What the gateway asks of a router."""

from collections.abc import Container
from typing import Protocol

from triplepoint.routing.model import Decision, Signals


class Router(Protocol):
    """A compiled policy: immutable, shared by all requests of a snapshot, called on the event loop."""

    def decide(self, signals: Signals, candidates: Container[str]) -> Decision:
        """Choose a model.

        Args:
            candidates: Models that the request is entitled to, that can do what it asks, and whose upstreams are healthy;
                the gateway works them out. Only membership is asked, so a set that the snapshot holds already will do.
        Returns: A decision whose model is a candidate.
        Raises: NotEntitled: there is no candidate.
        """
        ...
