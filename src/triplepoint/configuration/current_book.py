"""The price book of a folder for a process that lives long: read again when one of its files is another."""

import threading
from pathlib import Path

from triplepoint.configuration.load import PRICES, load_book
from triplepoint.pricing.book import PriceBook

_Stamp = tuple[tuple[str, int, int], ...]


class CurrentBook:
    """Reads a price book, and keeps it while its files stay as they are; reading one takes half a second.

    Args:
        folder: The installation's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._kept: tuple[_Stamp, PriceBook] | None = None

    def __call__(self) -> PriceBook:
        """Return the book as the files say now.

        Raises: SettingsInvalid: with every problem of every price file.
        """
        with self._lock:
            stamp = self._stamp()
            if self._kept is None or self._kept[0] != stamp:
                self._kept = stamp, load_book(self._folder)
            return self._kept[1]

    def _stamp(self) -> _Stamp:
        files = sorted((self._folder / PRICES).glob("*.yaml"))
        return tuple((file.name, (found := file.stat()).st_mtime_ns, found.st_size) for file in files)
