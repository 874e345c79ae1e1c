"""Signal `images`: an image is attached, anywhere in the conversation and inside a tool's result too."""

from collections.abc import Iterable

from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.texts import Item, RawFields, count_images


def attached_images(fields: RawFields, dialect: Dialect, items: Iterable[Item] | None = None) -> int:
    """Count the images of a request; words about images, even quoted JSON, are none.

    Args:
        items: The conversation, where it is read already.
    """
    return count_images(fields, dialect, items)
