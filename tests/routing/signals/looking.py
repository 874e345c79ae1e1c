"""Look at a text as `read_request` does."""

from triplepoint.routing.signals.read import VOCABULARY
from triplepoint.routing.signals.words import Words, words_of


def look(text: str) -> Words:
    """Look up a text's words."""
    return words_of(text, VOCABULARY)
