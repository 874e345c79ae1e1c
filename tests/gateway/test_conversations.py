"""Which model gave a conversation's last answer: known a day, to its customer alone, and never at the price of a request."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.gateway.generated import Wilful
from tests.gateway.harness import model, openai_upstream
from tests.gateway.making import TODAY_US, pick, snapshot_of
from tests.gateway.speaking import json_of

from triplepoint.foundation.ids import CustomerId
from triplepoint.gateway.conversations import KEPT_US, Before, Conversations
from triplepoint.gateway.request import Request, parse_request
from triplepoint.gateway.snapshot import Snapshot
from triplepoint.plans.counters.memory import MemoryCounters
from triplepoint.plans.counters.ports import CountersAway
from triplepoint.upstreams.dialects.model import Dialect

ALICE, BOB = CustomerId("cust_a"), CustomerId("cust_b")
TOOLS: list[Any] = [{"type": "function", "function": {"name": "look"}}]


class Sticky(Wilful):
    """A router that wants to know."""

    is_sticky = True


class Away(MemoryCounters):
    """Counters that nobody reaches."""

    async def remember(self, account: str, name: str, value: str, *, until_us: int) -> None:
        raise CountersAway("gone")

    async def recall(self, account: str, name: str, *, now_us: int) -> str | None:
        raise CountersAway("gone")


class Remote(MemoryCounters):
    """Counters behind a network."""

    is_remote = True


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Compile two models and a router that likes the larger."""
    made = snapshot_of(
        tmp_path_factory.mktemp("talk"),
        upstreams={"a": openai_upstream(1)},
        models={"small": model("a"), "large": model("a")},
        lineup={"router": {"kind": "fixed", "default": "large"}},
    )
    lineup = replace(made.active, router=Sticky(["large"]))
    return replace(made, active=lineup, lineups={"test": lineup})


def talk(turns: Sequence[str], *, asked: str = "auto", **members: Any) -> Request:
    """Make a request that goes on with a conversation, an answer after each turn but the last."""
    messages = [{"role": role, "content": text} for text in turns for role in ("user", "assistant")][:-1]
    body = {"model": asked, "messages": messages, **members}
    return parse_request(json_of(body), Dialect.CHAT, "/v1/chat/completions")


async def test_the_last_answer_is_known_to_its_customer(snapshot: Snapshot) -> None:
    """After an answer the next turn of the conversation knows the model; another conversation and customer do not."""
    kept = Conversations(MemoryCounters())
    first, second = talk(["hello"]), talk(["hello", "and now?"])
    assert await kept.before(second, ALICE, now_us=TODAY_US) is None
    await kept.answered(first, ALICE, pick(snapshot, first), now_us=TODAY_US)
    assert await kept.before(second, ALICE, now_us=TODAY_US) == Before(1, "auto", "large")
    assert await kept.before(second, BOB, now_us=TODAY_US) is None
    assert await kept.before(talk(["good day", "and now?"]), ALICE, now_us=TODAY_US) is None
    named = talk(["hello", "and now?"], asked="small@test", tools=TOOLS)
    await kept.answered(named, ALICE, pick(snapshot, named), now_us=TODAY_US)
    assert await kept.before(talk(["hello", "and now?", "so?"]), ALICE, now_us=TODAY_US) == Before(2, "small@test", "small")


async def test_a_name_of_the_callers_own_holds_across_other_words(snapshot: Snapshot) -> None:
    """Where the caller names the conversation, its words do not matter; it is forgotten after a day."""
    kept = Conversations(MemoryCounters())
    ours = {"conversation": "c-1"}
    first, other = talk(["hello"], triplepoint=ours), talk(["cut short"], triplepoint=ours)
    await kept.answered(first, ALICE, pick(snapshot, first), now_us=TODAY_US)
    assert await kept.before(other, ALICE, now_us=TODAY_US + KEPT_US - 1) == Before(1, "auto", "large")
    assert await kept.before(other, ALICE, now_us=TODAY_US + KEPT_US) is None


async def test_counters_that_are_away_cost_the_memory_and_nothing_else(snapshot: Snapshot) -> None:
    """Neither noting nor asking raises where the counters cannot be reached, and a strange word is none."""
    away = Conversations(Away())
    first = talk(["hello"])
    await away.answered(first, ALICE, pick(snapshot, first), now_us=TODAY_US)
    assert await away.before(first, ALICE, now_us=TODAY_US) is None
    counters = MemoryCounters()
    kept = Conversations(counters)
    await kept.answered(first, ALICE, pick(snapshot, first), now_us=TODAY_US)
    (name,) = counters._accounts[ALICE].kept  # pyright: ignore[reportPrivateUsage] - what it is called is its own
    await counters.remember(ALICE, name, "mini", until_us=TODAY_US + 1)  # as gateways wrote it before
    assert await kept.before(first, ALICE, now_us=TODAY_US) is None


async def test_nobody_waits_for_a_note_over_the_network(snapshot: Snapshot) -> None:
    """Behind a network a note is on its way when the answer is given, and all are there when the memory is closed."""
    kept = Conversations(Remote())
    first = talk(["hello"])
    await kept.answered(first, ALICE, pick(snapshot, first), now_us=TODAY_US)
    await kept.close()
    assert await kept.before(first, ALICE, now_us=TODAY_US) == Before(1, "auto", "large")


async def test_only_what_somebody_asks_for_is_kept(snapshot: Snapshot) -> None:
    """Kept are a sticky router's answers, and where a router or a ladder led a request that offers tools; nothing else."""
    plain = replace(snapshot, lineups={"test": replace(snapshot.active, router=Wilful(["large"]))})
    cases = [
        (snapshot, talk(["hello"]), True),
        (plain, talk(["hello"]), False),
        (plain, talk(["hello"], tools=TOOLS), True),
        (snapshot, talk(["hello"], asked="small", tools=TOOLS), True),
        (snapshot, talk(["hello"], asked="small"), False),
    ]
    for where, request, is_kept in cases:
        kept = Conversations(MemoryCounters())
        await kept.answered(request, ALICE, pick(where, request), now_us=TODAY_US)
        assert (await kept.before(request, ALICE, now_us=TODAY_US) is not None) is is_kept


async def test_a_loops_results_are_no_turn(snapshot: Snapshot) -> None:
    """In every dialect, a tool's result goes on with the turn that it answers."""
    kept = Conversations(MemoryCounters())
    call: Any = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
    result: Any = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "found"}]}
    messages: list[Any] = [{"role": "user", "content": "look"}, {"role": "assistant", "content": [call]}, result]
    body = {"model": "auto", "max_tokens": 9, "messages": messages}
    request = parse_request(json_of(body), Dialect.MESSAGES, "/v1/messages")
    await kept.answered(request, ALICE, pick(snapshot, request), now_us=TODAY_US)
    before = await kept.before(request, ALICE, now_us=TODAY_US)
    assert before is not None
    assert before.turn == 1
