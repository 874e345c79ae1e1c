"""The price book of a folder for a process that lives long: read again when one of its files is another."""

import threading
from pathlib import Path

from triplepoint.configuration.load import PRICES, load_book
from triplepoint.files.stamps import Stamp, stamp_of
from triplepoint.pricing.book import PriceBook


class CurrentBook:
    """Reads a price book, and keeps it while its files stay as they are; reading one takes half a second.

    Args:
        folder: The installation's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._kept: tuple[Stamp, PriceBook] | None = None

    def __call__(self) -> PriceBook:
        """Return the book as the files say now.

        Raises: SettingsInvalid: with every problem of every price file.
        """
        with self._lock:
            stamp = stamp_of(self._folder / PRICES, ["*.yaml"])
            if self._kept is None or self._kept[0] != stamp:
                self._kept = stamp, load_book(self._folder)
            return self._kept[1]
