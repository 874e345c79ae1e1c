"""Who is tried when: the rules, and what holds whatever fails."""

from hypothesis import given
from hypothesis import strategies as st

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.gateway.retry import Failure, RetryPlan, Turn
from triplepoint.settings import RetrySettings

SETTINGS = RetrySettings.model_validate({"attempts": 4, "base": "1s", "longest": "8s"})


def failure(**facts: bool | float | None) -> Failure:
    """Return a failure after which anything may be tried, but for what is said otherwise."""
    told = {"may_retry": True, "may_fall_back": True, **facts}
    return Failure(UpstreamFault("failed"), **told)  # pyright: ignore[reportArgumentType] - names and types are the test's


def plan(targets: int, *, closed: set[int] | None = None, draw: float = 0.5, settings: RetrySettings = SETTINGS) -> RetryPlan:
    """Return a plan over targets of which some have an open breaker."""
    return RetryPlan(targets, settings, allows=lambda target: target not in (closed or set()), draw=lambda: draw)


def test_the_first_healthy_target_is_tried_first() -> None:
    """Targets whose breaker is open are passed over; where all are, nobody is tried."""
    assert plan(3).first() == Turn(0, 0.0)
    assert plan(3, closed={0, 1}).first() == Turn(2, 0.0)
    assert plan(2, closed={0, 1}).first() is None


def test_a_failure_that_may_pass_is_tried_once_more_in_place() -> None:
    """After a pause the same target gets a second try, then the next one at once."""
    tried = plan(2)
    assert tried.first() == Turn(0, 0.0)
    assert tried.after(0, failure()) == Turn(0, 0.5)
    assert tried.after(0, failure()) == Turn(1, 0.0)


def test_who_is_away_is_not_asked_again_while_there_is_another() -> None:
    """A target that nobody reaches costs one try, without a pause, where another waits."""
    tried = plan(2)
    tried.first()
    assert tried.after(0, failure(prefers_other=True)) == Turn(1, 0.0)
    alone = plan(1)
    alone.first()
    assert alone.after(0, failure(prefers_other=True)) == Turn(0, 0.5)


def test_a_request_at_fault_is_not_repeated_anywhere() -> None:
    """What every upstream would refuse is told to the caller at once."""
    tried = plan(3)
    tried.first()
    assert tried.after(0, failure(may_retry=False, may_fall_back=False)) is None


def test_a_refusal_is_not_repeated_in_place() -> None:
    """An upstream that would only repeat itself is left out, also when all others have had their turn."""
    tried = plan(2)
    tried.first()
    assert tried.after(0, failure(may_retry=False)) == Turn(1, 0.0)
    assert tried.after(1, failure()) == Turn(1, 1.0)
    assert tried.after(1, failure(may_retry=False)) is None


def test_a_pause_that_was_asked_for_is_kept() -> None:
    """Retry-After is waited for in full, and an upstream that asks for more than the longest pause is not waited for."""
    tried = plan(1)
    tried.first()
    assert tried.after(0, failure(retry_after_s=7.0)) == Turn(0, 7.0)
    assert tried.after(0, failure(retry_after_s=8.1)) is None


def test_a_pause_that_one_asked_for_is_not_another_s() -> None:
    """Who falls back to another target does not wait for the first one."""
    tried = plan(2)
    tried.first()
    tried.after(0, failure(prefers_other=True))
    assert tried.after(1, failure(prefers_other=True, retry_after_s=5.0)) == Turn(0, 1.0)


def test_pauses_double_up_to_the_longest() -> None:
    """The bound of the pause doubles with each attempt; what is drawn lies within it."""
    settings = RetrySettings.model_validate({"attempts": 8, "base": "1s", "longest": "5s"})
    tried = plan(1, draw=1.0, settings=settings)
    tried.first()
    pauses: list[float] = []
    while (turn := tried.after(0, failure())) is not None:
        pauses.append(turn.pause_s)
    assert pauses == [1.0, 2.0, 4.0, 5.0, 5.0, 5.0, 5.0]


FAILURES = st.builds(
    failure,
    may_retry=st.booleans(),
    may_fall_back=st.sampled_from([True, True, True, False]),
    prefers_other=st.booleans(),
    retry_after_s=st.none() | st.floats(0, 20),
)


@given(targets=st.integers(1, 4), failures=st.lists(FAILURES, min_size=6, max_size=6))
def test_a_first_attempt_made_without_asking_changes_nothing(targets: int, failures: list[Failure]) -> None:
    """A plan made after the first failure goes on as one that was asked for the first attempt, too."""
    asked, begun = plan(targets), RetryPlan(targets, SETTINGS, allows=lambda _: True, draw=lambda: 0.5, has_begun=True)
    turn = asked.first()
    for failed in failures:
        if turn is None:
            break
        later = begun.after(turn.target, failed)
        turn = asked.after(turn.target, failed)
        assert later == turn


@given(
    targets=st.integers(1, 5),
    attempts=st.integers(1, 10),
    failures=st.lists(FAILURES, min_size=12, max_size=12),
    closed=st.sets(st.integers(0, 4)),
    draw=st.floats(0, 0.999),
)
def test_what_holds_whatever_fails(targets: int, attempts: int, failures: list[Failure], closed: set[int], draw: float) -> None:
    """No more attempts than allowed, none at an open breaker, none after a final refusal, no pause too long or too short."""
    settings = RetrySettings.model_validate({"attempts": attempts, "base": "1s", "longest": "8s"})
    tried = plan(targets, closed=closed, draw=draw, settings=settings)
    turn, made, refused = tried.first(), list[int](), set[int]()
    assert (turn is None) == (set(range(targets)) <= closed)
    for failed in failures:
        if turn is None:
            break
        assert turn.target not in closed | refused
        assert 0 <= turn.pause_s <= 8
        made.append(turn.target)
        too_long = failed.retry_after_s is not None and failed.retry_after_s > settings.longest
        if not failed.may_retry or too_long:
            refused.add(turn.target)
        previous, turn = turn.target, tried.after(turn.target, failed)
        assert failed.may_fall_back or turn is None
        if turn is not None and turn.target == previous and failed.retry_after_s is not None:
            assert turn.pause_s >= failed.retry_after_s
    assert len(made) <= attempts
    assert all(made[index : index + 3] != [made[index]] * 3 for index in range(len(made) - 2) if targets - len(closed) > 1) or (
        len({*range(targets)} - closed - refused) <= 1
    )


@given(targets=st.integers(1, 5), attempts=st.integers(1, 10))
def test_every_target_has_its_turn_while_attempts_last(targets: int, attempts: int) -> None:
    """Where everything fails in a way that may pass, the last attempts are kept for targets that had none."""
    settings = RetrySettings.model_validate({"attempts": attempts, "base": "1s", "longest": "8s"})
    tried = plan(targets, settings=settings)
    turn, made = tried.first(), list[int]()
    while turn is not None:
        made.append(turn.target)
        turn = tried.after(turn.target, failure())
    assert len(made) == attempts
    assert set(made) == set(range(min(targets, attempts)))
