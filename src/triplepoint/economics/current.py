"""A meter that follows the settings, for a process that outlives a change of them."""

from pathlib import Path

from triplepoint.economics.energy import Meter
from triplepoint.files.checked import read_file
from triplepoint.ledger.model import AttemptRow
from triplepoint.settings import SETTINGS_FILE, Settings

_Stamp = tuple[int, int]


class CurrentMeter:
    """Meters by ``triplepoint.yaml`` as it stands; while that is broken or gone, by what it last said."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        """Begin with settings that were read from a folder."""
        self._path = folder / SETTINGS_FILE
        self._stamp = self._stamp_now()
        self._meter = Meter(settings)

    def __call__(self, row: AttemptRow) -> AttemptRow:
        """Return the row with its energy; as `Meter` does."""
        stamp = self._stamp_now()
        if stamp != self._stamp:
            self._stamp = stamp
            reading = read_file(self._path, Settings, name=str(SETTINGS_FILE))
            self._meter = Meter(reading.value) if reading.value is not None else self._meter
        return self._meter(row)

    def _stamp_now(self) -> _Stamp | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size
