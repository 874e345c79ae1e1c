"""The one poller behind all browsers: reads at most twice a second, less often where reading is dear, and tells who watches.

It never uses more than a tenth of a core: after a look that took long it rests longer. While nobody watches it only keeps
count, so that the sums of the last minute and hour are there when somebody comes.
"""

import asyncio
import time
from typing import Protocol

from triplepoint.console.reader import Frame, Reader
from triplepoint.console.rows import Lens
from triplepoint.telemetry.logs import get_logger

INTERVAL_S = 0.5
IDLE_S = 10.0
_LEISURE = 9.0
"""Rest for each second of processor time that a look took."""

_log = get_logger("console")


class Watcher(Protocol):
    """Who is told of each look."""

    @property
    def lens(self) -> Lens:
        """What it looks at."""
        ...

    def see(self, frame: Frame) -> None:
        """Take a frame in; must not wait."""
        ...


class Poller:
    """Reads for all watchers. Belongs to the event loop; the reading happens in a thread.

    Args:
        reader: Looks at ledger and gateway.
        interval_s: Shortest time between two looks.
        idle_s: Time between two looks while nobody watches.
    """

    def __init__(self, reader: Reader, *, interval_s: float = INTERVAL_S, idle_s: float = IDLE_S) -> None:
        self._reader = reader
        self._interval_s = interval_s
        self._idle_s = idle_s
        self._watchers: set[Watcher] = set()
        self._joined = asyncio.Event()

    def join(self, watcher: Watcher) -> None:
        """Tell a watcher of each look from now on."""
        self._watchers.add(watcher)
        self._joined.set()

    def leave(self, watcher: Watcher) -> None:
        """Tell it no more."""
        self._watchers.discard(watcher)

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            self._joined.clear()
            if self._watchers:
                spent_s = await self._show()
                await asyncio.sleep(max(self._interval_s, spent_s * _LEISURE))
            else:
                await asyncio.to_thread(self._reader.keep_count)
                await self._rest()

    async def _show(self) -> float:
        lenses = {watcher.lens for watcher in self._watchers}
        frame, spent_s = await asyncio.to_thread(_timed, self._reader, lenses)
        for watcher in tuple(self._watchers):
            self._tell(watcher, frame)
        return spent_s

    def _tell(self, watcher: Watcher, frame: Frame) -> None:
        try:
            watcher.see(frame)
        except Exception:  # noqa: BLE001 - one browser's fault ends its watching, not everybody's; the log has it
            _log.exception("a browser cannot be told")
            self.leave(watcher)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._idle_s):
                await self._joined.wait()
        except TimeoutError:
            return


def _timed(reader: Reader, lenses: set[Lens]) -> tuple[Frame, float]:
    begun_s = time.thread_time()
    frame = reader.read(lenses)
    return frame, time.thread_time() - begun_s
