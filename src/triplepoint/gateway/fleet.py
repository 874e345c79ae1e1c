"""The live upstreams behind a snapshot: those whose definition did not change go on, new ones start, old ones end when idle."""

import asyncio
import logging
from collections.abc import Callable

from triplepoint.foundation.secret import Secret
from triplepoint.gateway.snapshot import Snapshot
from triplepoint.gateway.upstream import ClientFactory, Gate, LiveUpstream, ManagedFactory
from triplepoint.settings import LocalUpstream, SimulatedUpstream, Upstream

_log = logging.getLogger(__name__)
_IDLE_POLL_S = 0.5
_LONGEST_WAIT_S = 900.0


class Fleet:
    """Owns the live upstreams.

    Args:
        make_client: Makes connections to an origin.
        make_managed: Makes the server of an upstream that is ours.
        gate: Makes the bound on the embedded family's generations.
        is_held: Tells whether a request under way may still turn to an upstream that no snapshot needs any more.
    """

    def __init__(
        self,
        *,
        make_client: ClientFactory,
        make_managed: ManagedFactory,
        gate: Callable[[], Gate],
        is_held: Callable[[LiveUpstream], bool],
    ) -> None:
        self._is_held = is_held
        self._make_client = make_client
        self._make_managed = make_managed
        self._gate = gate()
        self._live: dict[str, LiveUpstream] = {}
        self._secrets: dict[str, Secret | None] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def live(self) -> dict[str, LiveUpstream]:
        """The live upstreams by name; replaced, never changed, by `adopt`."""
        return self._live

    async def adopt(self, snapshot: Snapshot) -> dict[str, LiveUpstream]:
        """Bring up what the snapshot's line-ups need and let go of the rest.

        Returns: Every upstream that any of its line-ups names.
        """
        needed = {t.upstream for lineup in snapshot.lineups.values() for model in lineup.models.values() for t in model.targets}
        live: dict[str, LiveUpstream] = {}
        for name in sorted(needed):
            definition, secret = snapshot.upstreams[name], snapshot.secrets.get(name)
            old = self._live.get(name)
            if old is not None and old.definition == definition and self._secrets.get(name) == secret:
                live[name] = old
            else:
                live[name] = self._make(name, definition, secret)
                await live[name].start()
            self._secrets[name] = secret
        for name, old in self._live.items():
            if live.get(name) is not old:
                self._let_go(old)
        self._live = live
        return live

    async def stop(self) -> None:
        """Stop everything."""
        for task in self._leaving:
            task.cancel()
        await asyncio.gather(*(upstream.stop() for upstream in self._live.values()), return_exceptions=True)
        await asyncio.gather(*self._leaving, return_exceptions=True)

    def _make(self, name: str, definition: Upstream, secret: Secret | None) -> LiveUpstream:
        managed = self._make_managed(name, definition) if isinstance(definition, LocalUpstream | SimulatedUpstream) else None
        gate = self._gate if isinstance(definition, LocalUpstream) else None
        return LiveUpstream(name, definition, secret, make_client=self._make_client, managed=managed, gate=gate)

    def _let_go(self, upstream: LiveUpstream) -> None:
        task = asyncio.get_running_loop().create_task(self._stop_when_idle(upstream), name=f"leaving {upstream.name}")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _stop_when_idle(self, upstream: LiveUpstream) -> None:
        """Let requests that began under the old snapshot finish where they began."""
        try:
            async with asyncio.timeout(_LONGEST_WAIT_S):
                while self._is_held(upstream):  # noqa: ASYNC110 - rare, and no request shall pay for an event
                    await asyncio.sleep(_IDLE_POLL_S)
        except TimeoutError:
            _log.warning("upstream %s is closed with %d attempts under way", upstream.name, upstream.in_flight)
        finally:
            await upstream.stop()
