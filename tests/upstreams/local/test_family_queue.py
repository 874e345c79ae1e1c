"""Turns are never too many, never lost, and come in order."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.foundation.errors import Overloaded
from triplepoint.upstreams.local.family_queue import GenerationGate


@dataclass(frozen=True)
class Caller:
    """One request: after how many steps of the loop it comes, how many it generates for, and when it leaves."""

    comes_after: int
    holds: int
    leaves_after: int | None


@dataclass
class Seen:
    """What happened at a gate."""

    came: list[int] = field(default_factory=list[int])
    served: list[int] = field(default_factory=list[int])
    refused: list[int] = field(default_factory=list[int])
    left: list[int] = field(default_factory=list[int])
    overtaken: list[int] = field(default_factory=list[int])
    """Callers that were still in the line when one that came later had its turn."""
    most: int = 0
    longest: int = 0


CALLERS = st.lists(
    st.builds(Caller, comes_after=st.integers(0, 12), holds=st.integers(0, 8), leaves_after=st.none() | st.integers(0, 15)),
    max_size=14,
)


async def steps(count: int) -> None:
    """Let the loop go round."""
    for _ in range(count):
        await asyncio.sleep(0)


def in_line(seen: Seen, waiting: int) -> list[int]:
    """Return the places, in order of coming, of those who wait; one whose turn has been called may not have got up yet."""
    decided = {*seen.served, *seen.refused, *seen.left}
    undecided = [place for place, number in enumerate(seen.came) if number not in decided]
    return undecided[len(undecided) - waiting :]


async def play(gate: GenerationGate, callers: list[Caller]) -> Seen:
    """Run all callers against a gate and write down what happens."""
    seen = Seen()

    async def call(number: int, caller: Caller) -> None:
        seen.came.append(number)
        try:
            async with gate.turn():
                seen.served.append(number)
                seen.overtaken += [other for other in in_line(seen, gate.waiting) if other < seen.came.index(number)]
                seen.most = max(seen.most, gate.active)
                seen.longest = max(seen.longest, gate.waiting)
                await steps(caller.holds)
        except Overloaded:
            seen.refused.append(number)
        except asyncio.CancelledError:
            seen.left.append(number)
            raise

    async def live(number: int, caller: Caller) -> None:
        await steps(caller.comes_after)
        task = asyncio.create_task(call(number, caller))
        if caller.leaves_after is not None:
            await steps(caller.leaves_after)
            task.cancel()
        await asyncio.wait({task})

    await asyncio.gather(*(live(number, caller) for number, caller in enumerate(callers)))
    return seen


@given(limit=st.integers(1, 3), queue=st.integers(0, 4), callers=CALLERS)
def test_no_interleaving_breaks_the_gate(limit: int, queue: int, callers: list[Caller]):
    """Whoever comes, holds and leaves when: the limits hold, order is kept, and in the end every turn is free again."""
    gate = GenerationGate(limit, queue)
    seen = asyncio.run(play(gate, callers))
    assert seen.most <= limit
    assert seen.longest <= queue
    assert (gate.active, gate.waiting) == (0, 0)
    assert seen.overtaken == []
    assert not set(seen.served) & set(seen.refused)
    stayed = {number for number, caller in enumerate(callers) if caller.leaves_after is None}
    assert stayed <= set(seen.served) | set(seen.refused)


@given(limit=st.integers(1, 3), callers=CALLERS)
def test_a_long_enough_line_refuses_nobody(limit: int, callers: list[Caller]):
    """Where all fit into the line, nobody is refused."""
    assert asyncio.run(play(GenerationGate(limit, len(callers)), callers)).refused == []


async def test_full_line_is_refused_at_once():
    """One more than limit and queue is refused without waiting, with a moment to come back."""
    gate = GenerationGate(1, 1)
    async with gate.turn():
        waiter = asyncio.create_task(gate.turn().__aenter__())
        await steps(2)
        with pytest.raises(Overloaded) as caught:
            await gate.turn().__aenter__()
        assert caught.value.status == 503
        assert caught.value.retry_after_s is not None
        assert caught.value.retry_after_s >= 1
        waiter.cancel()


async def test_deadline_comes_while_waiting():
    """A request whose deadline comes in the line is refused then, and its place is free."""
    gate = GenerationGate(1, 1)
    loop = asyncio.get_running_loop()
    async with gate.turn():
        begun = loop.time()
        with pytest.raises(Overloaded, match="deadline"):
            await gate.turn(deadline_s=begun + 0.05).__aenter__()
        assert 0.04 < loop.time() - begun < 1
        assert gate.waiting == 0
    assert gate.active == 0


async def test_deadline_that_has_passed():
    """A deadline in the past is refused where it would have to wait, and does not matter where a turn is free."""
    gate = GenerationGate(1, 1)
    async with gate.turn(deadline_s=0.0):
        with pytest.raises(Overloaded, match="passed"):
            await gate.turn(deadline_s=0.0).__aenter__()


async def test_a_failing_generation_gives_its_turn_back():
    """An exception inside a turn does not cost the family a turn."""
    gate = GenerationGate(1, 0)
    with pytest.raises(ValueError, match="broken"):
        async with gate.turn():
            raise ValueError("broken")
    async with gate.turn():
        assert gate.active == 1


@pytest.mark.parametrize("leave_first", [True, False])
async def test_cancelled_in_the_moment_of_its_turn(leave_first: bool):
    """A caller that is cancelled in the very step in which it gets its turn passes it on to the next."""
    gate = GenerationGate(1, 2)
    served: list[str] = []

    async def call(name: str) -> None:
        async with gate.turn():
            served.append(name)

    first = gate.turn()
    await first.__aenter__()
    second, third = asyncio.create_task(call("second")), asyncio.create_task(call("third"))
    await steps(2)
    moves: list[Callable[[], Awaitable[None] | bool]] = [lambda: first.__aexit__(None, None, None), second.cancel]
    for move in moves if leave_first else moves[::-1]:
        done = move()
        if not isinstance(done, bool):
            await done
    await asyncio.wait({second, third})
    assert served == ["third"]
    assert gate.active == 0


async def test_retry_after_follows_how_long_turns_take():
    """The guess of when to come back grows with the turns of late and the line, between one second and a minute."""
    now = 0.0
    gate = GenerationGate(1, 9, steady_s=lambda: now)
    for _ in range(40):
        async with gate.turn():
            now += 20.0
    assert gate.retry_after_s() == pytest.approx(20, rel=0.01)
    for _ in range(40):
        async with gate.turn():
            now += 500.0
    assert gate.retry_after_s() == 60.0


@pytest.mark.parametrize(("limit", "queue"), [(0, 1), (1, -1)])
def test_impossible_gates(limit: int, queue: int):
    """A gate that would let nobody in is refused when it is made."""
    with pytest.raises(ValueError, match="at least"):
        GenerationGate(limit, queue)
