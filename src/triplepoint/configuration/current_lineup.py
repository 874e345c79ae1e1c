"""The active line-up of a folder for a process that lives long: read again when a file is another, or the day is."""

import os
import threading
from datetime import UTC, datetime
from pathlib import Path

from triplepoint.configuration.load import load_configuration
from triplepoint.configuration.model import LoadedLineup
from triplepoint.files.stamps import Stamp, stamp_of

_READ = ("*.yaml", "lineups/*.yaml", "prices/*.yaml", "routers/**/*.safetensors")


class CurrentLineup:
    """Reads what the files name as active, and keeps it while they stay as they are.

    Args:
        folder: The installation's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._kept: tuple[Stamp, str, LoadedLineup] | None = None

    def __call__(self) -> LoadedLineup:
        """Return the active line-up as the files say now, with the prices of today (UTC).

        Raises: SettingsInvalid: with every problem of every file.
        """
        with self._lock:
            today = datetime.now(UTC).date()
            stamp = stamp_of(self._folder, _READ)
            if self._kept is None or self._kept[:2] != (stamp, today.isoformat()):
                loaded = load_configuration(self._folder, os.environ, today).active
                self._kept = stamp, today.isoformat(), loaded
            return self._kept[2]
