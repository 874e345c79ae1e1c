"""Signal `input_tokens`: the prompt's estimated length, system prompt and tools included.

What counts for context windows is everything that is sent, so here, unlike for the signals that go by words, nothing is left
out. The estimate is `texts.estimate_tokens`, which admission reserves by as well; its error is stated there.
"""

from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.texts import Item, RawFields, estimate_tokens


def input_tokens(fields: RawFields, dialect: Dialect, items: list[Item], images: int) -> int:
    """Estimate the prompt of a request whose conversation is read already."""
    return estimate_tokens(fields, dialect, items, images)
