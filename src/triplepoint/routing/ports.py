"""What the gateway asks of a router, and a router of its scorer."""

from collections.abc import Container
from typing import Protocol, runtime_checkable

from triplepoint.routing.model import Decision, Push, Question, Scores
from triplepoint.routing.scorer.card import Card


class Router(Protocol):
    """A compiled policy: immutable, shared by all requests of a snapshot, called on the event loop."""

    reads_text: bool
    """It wants `Question.text`; for the others it need not be gathered."""
    is_sticky: bool
    """It wants `Question.served_before` in every conversation; the others, in a tool loop alone."""
    takes_thrift: bool
    """It has the dial: `Question.thrift` changes what it chooses."""
    reads_waits: bool
    """It wants `Question.waits`."""

    def decide(self, question: Question, candidates: Container[str]) -> Decision:
        """Choose a model.

        Args:
            question: The request's signals, and what else there is to go by.
            candidates: Models that the request is entitled to, that can do what it asks, and whose upstreams are healthy;
                the gateway works them out. Only membership is asked, so a set that the snapshot holds already will do.
        Returns: A decision whose model is a candidate.
        Raises: NotEntitled: there is no candidate.
        """
        ...


class Scorer(Protocol):
    """Says what to expect of each model; data that was learnt, immutable, called on the event loop."""

    digest: str
    """SHA-256 of its file, 64 hexadecimal characters."""
    models: tuple[str, ...]
    """Models that it knows, by the line-up's names."""

    def score(self, question: Question) -> Scores:
        """Estimate every model that it knows. Never raises: on anything odd it says that it has no signal."""
        ...


@runtime_checkable
class TellingScorer(Protocol):
    """A scorer that can also say what moved its estimates."""

    def pushes(self, question: Question) -> tuple[Push, ...]:
        """Return what in a request moved the estimates, what moved them furthest apart first. Never raises."""
        ...


@runtime_checkable
class CardedScorer(Protocol):
    """A scorer that says of itself what it knows, what it was made from, and how good it was found to be."""

    card: Card
