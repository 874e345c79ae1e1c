"""The rules of a request's head that the parser leaves open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.gateway.head import MAX_HEAD_BYTES, HeadTooLarge, fault_of_head, not_http

HOST = (b"host", b"gateway")


def code(*headers: tuple[bytes, bytes], url: bytes = b"/", version: str = "1.1", upgrades: bool = False) -> str | None:
    """Return the code of what is wrong with a head; None where it is sound."""
    fault = fault_of_head(url, headers, version=version, upgrades=upgrades)
    return None if fault is None else fault.code


def test_a_plain_head_is_sound() -> None:
    """What honest clients send passes, chunked bodies in any case of letters included."""
    assert code(HOST, (b"authorization", b"Bearer tp-x"), (b"content-length", b"5")) is None
    assert code(HOST, (b"transfer-encoding", b"Chunked")) is None


def test_one_host_is_expected() -> None:
    """HTTP/1.1 demands it, HTTP/1.0 does not know it, and two leave open which counts."""
    assert code() == code(HOST, HOST) == code(HOST, HOST, version="1.0") == "invalid_http"
    assert code(version="1.0") is None


@pytest.mark.parametrize(
    "coding", [b"gzip", b"gzip, chunked", b"chunked, chunked", b"identity", b"", b"xchunked", b"chunked;q=1"]
)
def test_only_chunks_are_undone(coding: bytes) -> None:
    """A transfer coding that we would leave in the body is refused."""
    assert code(HOST, (b"transfer-encoding", coding)) == "invalid_http"


def test_an_upgrade_is_refused_in_words_that_help() -> None:
    """The parser takes the body away with an upgrade; the error names the client that is known to ask for one."""
    fault = fault_of_head(b"/", [HOST], version="1.1", upgrades=True)
    assert fault is not None
    assert "HttpClient.Version.HTTP_1_1" in fault.message


@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=900), st.binary(max_size=9000)), max_size=30), st.binary(max_size=9000)
)
def test_the_size_of_a_head_is_bounded(headers: list[tuple[bytes, bytes]], url: bytes) -> None:
    """Whatever it is made of, a head is too large exactly when its parts together are."""
    kept = [HOST, *(header for header in headers if header[0] not in {b"host", b"transfer-encoding"})]
    size = len(url) + sum(len(name) + len(value) for name, value in kept)
    assert code(*kept, url=url) == ("head_too_large" if size > MAX_HEAD_BYTES else None)


def test_statuses() -> None:
    """Too large is 431, everything else 400."""
    assert (HeadTooLarge().status, not_http().status) == (431, 400)
