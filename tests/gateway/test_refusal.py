"""What an upstream's refusal means: who is at fault, whether to try again, and what of its words a caller may hear."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.foundation.errors import (
    NotImplementedHere,
    RateLimited,
    RequestTooLarge,
    UpstreamFault,
    UpstreamOverloaded,
    UpstreamTimeout,
)
from triplepoint.gateway.refusal import UpstreamRefused, failure_of, in_our_words, is_healthy
from triplepoint.gateway.retry import Failure

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
WORDS = "ask Eve at the upstream"


def refused(status: int, body: object = None, *, after: bytes | None = None, after_ms: bytes | None = None) -> Failure:
    """Return what a refusal means; without a body of its own it has words that are not for callers."""
    told = {"error": {"message": WORDS, "type": "t", "code": "c", "param": "p"}} if body is None else body
    encoded = told if isinstance(told, bytes) else json.dumps(told).encode()
    return failure_of(status, encoded, retry_after=after, retry_after_ms=after_ms, now=NOW)


@pytest.mark.parametrize(
    ("status", "kind", "may_retry", "may_fall_back"),
    [
        (301, UpstreamFault, False, True),
        (400, UpstreamRefused, False, False),
        (401, UpstreamFault, False, True),
        (403, UpstreamFault, False, True),
        (404, UpstreamFault, False, True),
        (408, UpstreamTimeout, True, True),
        (409, UpstreamFault, True, True),
        (413, RequestTooLarge, False, False),
        (422, UpstreamRefused, False, False),
        (429, RateLimited, True, True),
        (500, UpstreamFault, True, True),
        (501, NotImplementedHere, False, True),
        (503, UpstreamOverloaded, True, True),
        (504, UpstreamTimeout, True, True),
        (529, UpstreamOverloaded, True, True),
    ],
)
def test_what_a_status_means(status: int, kind: type[Exception], may_retry: bool, may_fall_back: bool) -> None:
    """Each status has one meaning, and says whether this upstream, or another, may do better."""
    failure = refused(status)
    assert type(failure.error) is kind
    assert (failure.may_retry, failure.may_fall_back) == (may_retry, may_fall_back)


@given(st.integers(300, 599))
def test_only_what_speaks_of_the_request_is_passed_on(status: int) -> None:
    """An upstream's words reach a caller with a 4xx about its own request, and with no other status."""
    failure = refused(status)
    is_about_request = status in {400, 411, 413, 414, 415, 422, 431}
    assert (WORDS in failure.error.message) == is_about_request


@pytest.mark.parametrize(
    "body", [b"", b"<html>no</html>", b"[]", b"null", b"\xff", b'{"error": 3}', b'{"error": null}', b'{"a":' * 9000]
)
def test_a_refusal_without_words_has_ours(body: bytes) -> None:
    """Whatever stands in the place of an error, the caller gets a sentence."""
    assert refused(400, body).error.message == "The model's upstream refused the request."


def test_an_error_may_be_a_plain_text() -> None:
    """Some servers write the message where others write an object; a very long one is cut."""
    assert refused(400, {"error": "no such field"}).error.message == "no such field"
    assert len(refused(400, {"error": "x" * 9000}).error.message) == 2000


@pytest.mark.parametrize(
    "error",
    [
        {"code": "context_length_exceeded", "message": "too long"},
        {"code": 400, "type": "exceed_context_size_error", "message": "too long"},
    ],
    ids=["OpenAI", "llama.cpp"],
)
def test_a_prompt_that_is_too_long_here_may_fit_elsewhere(error: dict[str, object]) -> None:
    """Another upstream of the model may have more room."""
    failure = refused(400, {"error": error})
    assert (failure.may_retry, failure.may_fall_back) == (False, True)


def test_used_up_is_not_too_fast() -> None:
    """A quota that is used up does not fill again by waiting, though the status is the same."""
    assert not refused(429, {"error": {"code": "insufficient_quota"}}).may_retry
    assert refused(429, {"error": {"code": "rate_limit_exceeded"}}).may_retry


@pytest.mark.parametrize(
    ("after", "after_ms", "seconds"),
    [
        (None, None, None),
        (b"7", None, 7.0),
        (b"0.5", None, 0.5),
        (b"-3", None, 0.0),
        (b"7", b"1500", 1.5),
        (b"7", b"soon", 7.0),
        (b"soon", None, None),
        (b"", None, None),
        (b"Sat, 21 Nov 2026 12:00:30 GMT", None, 30.0),
        (b"Sat, 21 Nov 2026 11:00:00 GMT", None, 0.0),
        (b"nan", None, None),
        (b"inf", None, None),
        (b"1e400", None, None),
        (b"\xff", None, None),
    ],
)
def test_the_pause_that_is_asked_for(after: bytes | None, after_ms: bytes | None, seconds: float | None) -> None:
    """Milliseconds go before seconds, seconds may be a date, nonsense is no pause."""
    assert refused(503, after=after, after_ms=after_ms).retry_after_s == seconds


def test_a_refusal_of_a_server_that_works() -> None:
    """Its own failures count against an upstream's health, and credentials that it does not take; not our callers' faults."""
    assert [status for status in range(200, 600) if not is_healthy(status)][:5] == [401, 402, 403, 404, 405]
    assert all(is_healthy(status) for status in (200, 302, 400, 422, 429))
    assert not any(is_healthy(status) for status in (401, 500, 502, 503, 504, 529))


def test_a_fault_is_told_in_our_words() -> None:
    """Addresses and phases stay with us as the cause; code and kind are kept."""
    fault = UpstreamTimeout("http://10.0.0.7: no byte within 3 s", code="first_byte_timeout")
    told = in_our_words(fault)
    assert (type(told), told.code, told.__cause__) == (UpstreamTimeout, "first_byte_timeout", fault)
    assert "10.0.0.7" not in told.message
    assert "broke off" in in_our_words(fault, has_begun=True).message


@given(
    status=st.integers(300, 599),
    body=st.binary(max_size=64),
    after=st.none() | st.binary(max_size=40) | st.text(max_size=30).map(str.encode),
)
def test_no_refusal_is_too_strange(status: int, body: bytes, after: bytes | None) -> None:
    """Whatever an upstream sends with its refusal, it means something, and the pause is a number of seconds or none."""
    failure = refused(status, body, after=after)
    assert failure.error.message
    assert failure.retry_after_s is None or failure.retry_after_s >= 0
