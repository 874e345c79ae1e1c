"""How long an upstream has lately taken: learnt from whole answers, forgotten in time, told to routers that ask."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.generated import Wilful
from tests.gateway.harness import model, openai_upstream
from tests.gateway.making import TODAY_US, chat, live_upstreams, pick, snapshot_of

from triplepoint.gateway.auto import Beside
from triplepoint.gateway.snapshot import Snapshot
from triplepoint.gateway.waits import FRESH_S, WEIGHT, Waits


class Impatient(Wilful):
    """A router that asks, and keeps what it is told."""

    reads_waits = True
    asked: list[Any]

    def decide(self, question: Any, candidates: Any) -> Any:
        """Note the question."""
        self.asked.append(question)
        return super().decide(question, candidates)


def seen(*answers: tuple[int | None, int, int | None]) -> Waits:
    """Note answers: first byte and total in microseconds, tokens; one each second."""
    waits = Waits()
    for second, (first_us, total_us, tokens) in enumerate(answers, start=1):
        waits.note(first_byte_us=first_us, total_us=total_us, output_tokens=tokens, now_s=float(second))
    return waits


def test_a_stream_tells_both() -> None:
    """A stream of 10 tokens that begins after half a second and takes 2.5 in all has 0.2 s a token."""
    assert seen((500_000, 2_500_000, 10)).known(1.0) == pytest.approx((0.5, 0.2))


def test_an_answer_in_one_piece_tells_the_pace() -> None:
    """Without a stream the whole is the tokens'; with one, what its first byte took is left out."""
    assert seen((None, 2_000_000, 10)).known(1.0) == pytest.approx((0.0, 0.2))
    first, token = seen((500_000, 2_500_000, 10), (None, 3_500_000, 10)).known(2.0) or (0.0, 0.0)
    assert (first, token) == (0.5, pytest.approx(0.2 + WEIGHT * 0.1))


def test_what_was_not_counted_tells_nothing() -> None:
    """An answer without a count of its tokens, or without any, leaves the pace unknown."""
    assert seen((500_000, 900_000, None), (500_000, 900_000, 0)).known(2.0) is None


def test_the_past_is_forgotten() -> None:
    """After a while without answers nothing is known; a new answer counts for a tenth."""
    waits = seen((1_000_000, 2_000_000, 10))
    assert waits.known(1.0 + FRESH_S) is not None
    assert waits.known(1.1 + FRESH_S) is None
    waits.note(first_byte_us=0, total_us=1_000_000, output_tokens=10, now_s=5.0)
    assert waits.known(5.0) == pytest.approx((1.0 - WEIGHT, 0.1))


@given(st.lists(st.tuples(st.none() | st.integers(0, 10**7), st.integers(0, 10**7), st.integers(1, 1000)), min_size=1))
def test_means_stay_within_what_was_seen(answers: list[tuple[int | None, int, int]]) -> None:
    """No wait is negative, and none is longer than the longest answer."""
    known = seen(*answers).known(float(len(answers)))
    assert known is not None
    longest = max(max(first or 0, total) for first, total, _ in answers) / 1e6
    assert all(0 <= one <= longest + 1e-9 for one in known)


def test_a_router_that_asks_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each candidate's wait is that of the first upstream that is up; what is not known is left out; others are not told."""
    made = snapshot_of(
        tmp_path_factory.mktemp("waits"),
        upstreams={"a": openai_upstream(1, breaker={"failures": 1}), "b": openai_upstream(2)},
        models={"small": model("a", "b"), "large": model("b"), "new": model("a")},
        lineup={"router": {"kind": "fixed", "default": "small"}},
    )
    router = Impatient(["small", "large"])
    router.asked = []

    def waits(snapshot: Snapshot, *, is_resting: bool = False) -> Any:
        live = live_upstreams(snapshot)
        for name, model_there, total_us in (("a", "a-model", 1_000_000), ("b", "b-model", 3_000_000)):
            there = live[name].waits(model_there)
            there.note(first_byte_us=500_000, total_us=total_us, output_tokens=10, now_s=99.0)
        if is_resting:
            live["a"].breaker.failed(99.0)
        pick(snapshot, chat(model="auto"), upstreams=live, beside=Beside(TODAY_US, 100.0))
        return router.asked[-1].waits

    lineup = replace(made.active, router=router)
    asking = replace(made, active=lineup, lineups={"test": lineup})
    quick, slow = pytest.approx((0.5, 0.05)), pytest.approx((0.5, 0.25))
    assert waits(asking) == {"small": quick, "large": slow, "new": quick}
    assert waits(asking, is_resting=True) == {"small": slow, "large": slow}
    fresh = live_upstreams(made)
    pick(asking, chat(model="auto"), upstreams=fresh)
    assert router.asked[-1].waits == {}
    router.reads_waits = False
    assert waits(asking) is None
