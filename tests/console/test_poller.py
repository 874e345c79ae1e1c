"""One poller, whoever watches."""

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import cast

from triplepoint.console.poller import Poller
from triplepoint.console.reader import Frame, Reader
from triplepoint.console.rows import EVERYTHING, Lens


@dataclass
class CountedReader:
    """Counts what is read, and can take a while."""

    reads: list[set[Lens]] = field(default_factory=list[set[Lens]])
    counts: int = 0
    spent_s: float = 0.0
    """Processor time that a look takes."""

    def read(self, lenses: Collection[Lens]) -> Frame:
        """Read."""
        self.reads.append(set(lenses))
        until = time.thread_time() + self.spent_s
        while time.thread_time() < until:
            pass
        return cast(Frame, object())

    def keep_count(self) -> None:
        """Only keep count."""
        self.counts += 1


@dataclass(eq=False)
class Watching:
    """A browser."""

    lens: Lens = EVERYTHING
    frames: list[Frame] = field(default_factory=list[Frame])

    def see(self, frame: Frame) -> None:
        """Take a frame in."""
        self.frames.append(frame)


async def run(poller: Poller, seconds: float) -> None:
    """Let a poller run for a while."""
    task = asyncio.create_task(poller.run())
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_all_browsers_share_each_look() -> None:
    """Thirty browsers cost as many looks as one, and see the very same frames."""
    reader, watching = CountedReader(), [Watching(Lens("nano" if n % 2 else None)) for n in range(30)]
    poller = Poller(cast(Reader, reader), interval_s=0.05)
    for watcher in watching:
        poller.join(watcher)
    await run(poller, 0.3)
    assert 2 <= len(reader.reads) <= 7
    assert reader.reads[0] == {EVERYTHING, Lens("nano")}
    assert all(watcher.frames == watching[0].frames for watcher in watching)


async def test_nobody_watching_costs_nearly_nothing() -> None:
    """While nobody watches only sums are kept; who comes is served at once, who leaves is told no more."""
    reader, watcher = CountedReader(), Watching()
    poller = Poller(cast(Reader, reader), interval_s=0.02, idle_s=60.0)
    task = asyncio.create_task(poller.run())
    await asyncio.sleep(0.05)
    assert (reader.counts, reader.reads) == (1, [])
    poller.join(watcher)
    await asyncio.sleep(0.1)
    assert watcher.frames
    poller.leave(watcher)
    await asyncio.sleep(0.1)
    seen = len(watcher.frames)
    await asyncio.sleep(0.1)
    assert len(watcher.frames) == seen
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_dear_look_is_followed_by_a_long_rest() -> None:
    """Where a look takes processor time, the poller rests nine times as long."""
    reader = CountedReader(spent_s=0.05)
    poller = Poller(cast(Reader, reader), interval_s=0.001)
    poller.join(Watching())
    await run(poller, 0.4)  # a look of 50 ms and its rest of 450 ms take longer
    assert len(reader.reads) == 1


async def test_a_watcher_that_fails_does_not_stop_the_others() -> None:
    """A fault in one browser's viewer ends its watching, not everybody's."""

    class Failing(Watching):
        def see(self, frame: Frame) -> None:
            super().see(frame)
            raise RuntimeError("gone")

    reader, failing, fine = CountedReader(), Failing(), Watching()
    poller = Poller(cast(Reader, reader), interval_s=0.02)
    poller.join(failing)
    poller.join(fine)
    await run(poller, 0.6)
    assert len(failing.frames) == 1
    assert len(fine.frames) > 1
