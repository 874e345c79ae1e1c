"""Counters in a Valkey server that many gateways share.

Each step is one script and one round trip, atomic because Valkey runs one script at a time. Everything of an account has its
name in braces and so lies in one slot of a cluster.

Moments come from the caller, as the port has them: hosts keep their clocks by NTP. A host whose clock is off by s seconds lets
a rate through up to ``limit · s / 60`` units too many once, and takes reservations for lost s seconds too early (their
settlements put that right); periods and sums do not depend on it. The state says so where the difference is over a second.

Where Valkey is away, reservations fail at once (`CountersAway`), and settlements wait here, in their order, until it is back.
What the answer to a reservation was, when it did not arrive, is settled then as well: it is cancelled.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from itertools import islice
from typing import Any

from triplepoint.foundation.clock import Clock, SystemClock
from triplepoint.foundation.secret import Secret
from triplepoint.plans.counters import packing
from triplepoint.plans.counters.line import Client, Line, Refused, Unheard, Unreachable
from triplepoint.plans.counters.link import Link
from triplepoint.plans.counters.model import Answer, Claim, Hold, Seed, Standing
from triplepoint.plans.counters.ports import CountersAway
from triplepoint.telemetry.logs import get_logger

_log = get_logger("plans")

_AT_ONCE = 100
"""Settlements that are sent together when Valkey is back."""
_EPOCHS = 100_000
_WORD_LIVES_ON_MS = 3_600_000
"""How much longer than asked a word lies in Valkey, so that hosts whose clocks differ a little agree."""


@dataclass(slots=True, eq=False)
class _Late:
    """A settlement or cancellation that may have to wait until Valkey is back."""

    script: str
    keys: tuple[str, ...]
    message: bytes
    epoch: str = ""
    """Of its account when the reservation was held; empty where that is not known."""
    is_doubtful: bool = False
    """Whether it was sent before without being answered, and so may have been carried out."""


@dataclass(frozen=True, slots=True)
class _Script:
    """A script as it is called."""

    text: str
    digest: str


class ValkeyCounters:
    """`ports.Counters` in a Valkey server.

    Args:
        url: Its address: ``valkey://[USER:PASSWORD@]HOST:PORT/DATABASE``, ``valkeys://`` with TLS, ``unix://PATH``.
        clock: Dates the state, and how long words are kept.
        prefix: First part of every key's name.
        connect_s, command_s: How long is waited for a connection, and for an answer.
        ledger_lag_s: After this long the ledger has what was settled; what is told later than that of a counter which was
            seeded since is in it already.
        waiting_most: Settlements that wait here at most.
    Raises: SettingsInvalid: the client is not installed, or the address is none.
    """

    is_remote = True

    def __init__(
        self,
        url: Secret | str,
        *,
        clock: Clock | None = None,
        prefix: str = "tp",
        connect_s: float = 0.2,
        command_s: float = 0.25,
        ledger_lag_s: float = 10.0,
        waiting_most: int = 100_000,
    ) -> None:
        self._clock = clock or SystemClock()
        self._prefix = prefix
        self._lag_us = int(ledger_lag_s * 1e6)
        self._waiting_most = waiting_most
        self._late: deque[_Late] = deque()
        self._epochs: dict[str, str] = {}
        """Of reservations that are held: the epoch of their account."""
        self._one_delivers = asyncio.Lock()
        self._delivering: set[asyncio.Task[None]] = set()
        self.dropped = 0
        """Settlements that could not be kept, or that Valkey will never take."""
        texts = packing.scripts()
        self._scripts = {name: _Script(text, _digest(text)) for name, text in texts.items()}
        self._link = Link(
            Client(url if isinstance(url, Secret) else Secret(url), connect_s=connect_s),
            scripts=texts.values(),
            deliver=self._deliver,
            probe=f"{prefix}:probe",
            clock=self._clock,
            connect_s=connect_s,
            command_s=command_s,
        )

    @property
    def waiting(self) -> int:
        """Return how many settlements wait for Valkey."""
        return len(self._late)

    @property
    def is_away(self) -> bool:
        """Tell whether Valkey cannot be reached, as far as is known."""
        return self._link.away is not None

    def state(self) -> str:
        """Say how things stand, for people."""
        parts = [str(self._link.away or "ok")]
        if self._late:
            parts.append(f"{len(self._late)} settlements wait")
        if self.dropped:
            parts.append(f"{self.dropped} settlements were dropped; the ledger has them")
        if abs(self._link.clock_ahead_s) > 1:
            side = "ahead of" if self._link.clock_ahead_s > 0 else "behind"
            parts.append(f"this host's clock is {abs(self._link.clock_ahead_s):.1f} s {side} Valkey's")
        return "; ".join(parts)

    async def close(self) -> None:
        """Hang up; what still waits is not delivered, and the ledger has it."""
        if self._late:
            _log.warning("settlements were not delivered to Valkey; the ledger has them", count=len(self._late))
        await self._link.close()
        await asyncio.gather(*self._delivering, return_exceptions=True)

    async def reserve(self, account: str, reservation: str, claims: Sequence[Claim], *, now_us: int, expires_us: int) -> Answer:
        """Hold the worst case on every claim, or nothing; as the port says."""
        message = packing.ask_to_reserve(reservation, claims, now_us=now_us, expires_us=expires_us)
        try:
            reply = await self._run(self._link, "reserve", self._keys(account), message)
        except (Unheard, asyncio.CancelledError):
            self._keep(_Late("cancel", self._keys(account), packing.ask_to_cancel(reservation, now_us=now_us)))
            self._deliver_soon()
            raise
        answer, epoch = packing.read_answer(reply, claims)
        if epoch:
            self._epochs[reservation] = epoch
            if len(self._epochs) > _EPOCHS:
                del self._epochs[next(iter(self._epochs))]
        return answer

    async def seed(self, account: str, seeds: Sequence[Seed], *, now_us: int) -> None:
        """Make counters known; as the port says."""
        message = packing.ask_to_seed(seeds, now_us=now_us, epoch=secrets.token_hex(6))
        await self._run(self._link, "seed", self._keys(account), message)

    async def settle(
        self, account: str, reservation: str, holds: Sequence[Hold], actuals: Sequence[int], *, now_us: int
    ) -> None:
        """Put the truth in the place of what was held; as the port says.

        Where Valkey is away it waits here until it is back, so that this fails only when too many wait already.
        """
        message = packing.ask_to_settle(reservation, holds, actuals, now_us=now_us, lag_us=self._lag_us)
        keys = (*self._keys(account), self._key(account, f":s:{reservation}"))
        one = _Late("settle", keys, message, self._epochs.pop(reservation, ""))
        if self._link.away is not None:
            return self._keep(one)
        try:
            await self._tell(self._link, one)
        except Refused:
            raise
        except CountersAway:
            self._keep(one)
            self._deliver_soon()
        except asyncio.CancelledError:
            self._keep(one)
            self._deliver_soon()
            raise

    async def look(self, account: str, claims: Sequence[Claim], *, now_us: int) -> tuple[Standing, ...] | None:
        """Say how limits stand; as the port says."""
        message = packing.ask_to_look(claims, now_us=now_us)
        return packing.read_standings(await self._run(self._link, "look", self._keys(account), message), claims)

    async def remember(self, account: str, name: str, value: str, *, until_us: int) -> None:
        """Keep a word for a while."""
        lives_ms = max(0, until_us - self._clock.now_us()) // 1000 + _WORD_LIVES_ON_MS
        await self._link.call("SET", self._key(account, f":w:{name}"), f"{until_us}:{value}", "PX", lives_ms)

    async def recall(self, account: str, name: str, *, now_us: int) -> str | None:
        """Return a word that is still kept."""
        found: bytes | None = await self._link.call("GET", self._key(account, f":w:{name}"))
        until_us, _, value = (found or b"0:").partition(b":")
        return value.decode() if now_us < int(until_us) else None

    def _key(self, account: str, rest: str) -> str:
        if not account or "}" in account:
            raise ValueError("an account has a name, without braces")
        return f"{self._prefix}:{{{account}}}{rest}"

    def _keys(self, account: str) -> tuple[str, str]:
        return self._key(account, ""), self._key(account, ":agenda")

    async def _run(self, way: Link | Line, name: str, keys: tuple[str, ...], *arguments: bytes | str) -> Any:
        """Run a script by its digest; where the server has forgotten it, by its text."""
        script = self._scripts[name]
        try:
            return await way.call("EVALSHA", script.digest, len(keys), *keys, *arguments)
        except Refused as refusal:
            if not refusal.is_script_missing:
                raise
            return await way.call("EVAL", script.text, len(keys), *keys, *arguments)

    async def _tell(self, way: Link | Line, one: _Late) -> None:
        """Send something that may be late, and note where its answer did not arrive."""
        doubt = one.epoch if one.is_doubtful else ""
        try:
            await self._run(way, one.script, one.keys, one.message, doubt)
        except (Unheard, asyncio.CancelledError):
            one.is_doubtful = True
            raise

    def _keep(self, one: _Late) -> None:
        if len(self._late) < self._waiting_most:
            self._late.append(one)
            return
        self.dropped += 1
        raise Unreachable(f"{len(self._late)} settlements wait already, and no more are kept")

    def _deliver_soon(self) -> None:
        """Deliver while Valkey is there; where it is away, who comes back delivers."""
        line = self._link.line()
        if line is not None:
            task = asyncio.get_running_loop().create_task(self._deliver(line), name="settling late")
            self._delivering.add(task)
            task.add_done_callback(self._delivered)

    def _delivered(self, task: asyncio.Task[None]) -> None:
        self._delivering.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), CountersAway):
            _log.debug("settlements wait on", why=error.message)

    async def _deliver(self, line: Line) -> None:
        """Send what waits, in its order.

        Raises: Unheard: the line broke meanwhile; what was not answered waits on.
        """
        async with self._one_delivers:
            while self._late:
                batch = list(islice(self._late, _AT_ONCE))
                told = await asyncio.gather(*(self._tell(line, one) for one in batch), return_exceptions=True)
                for one, outcome in zip(batch, told, strict=True):
                    if isinstance(outcome, Refused):
                        self.dropped += 1
                        _log.error("Valkey does not take a settlement; the ledger has it", why=outcome.why)
                    elif isinstance(outcome, BaseException):
                        raise outcome
                    self._late.remove(one)


def _digest(text: str) -> str:
    """Return the name by which the server knows a script."""
    return sha1(text.encode(), usedforsecurity=False).hexdigest()
