"""The head that we write: it means to any reader what we meant, or it is not written."""

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.upstreams.transport.wire.request import encode_head

_names = st.from_regex(rb"[-!#$%&'*+.^_`|~0-9a-z]{1,20}", fullmatch=True).filter(
    lambda name: (
        name not in {b"host", b"content-length", b"transfer-encoding", b"connection", b"expect", b"te", b"trailer", b"upgrade"}
    )
)
_values = st.from_regex(rb"([!-~\x80-\xff]([ \t!-~\x80-\xff]{0,30}[!-~\x80-\xff])?)?", fullmatch=True)


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from([b"GET", b"POST", b"PUT", b"DELETE", b"PATCH", b"HEAD"]),
    st.from_regex(rb"/[!-~]{0,40}", fullmatch=True),
    st.lists(st.tuples(_names, _values), max_size=10),
    st.binary(max_size=100),
)
def test_a_server_reads_what_we_meant(method: bytes, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """h11 as a server finds the method, target, headers in order, and body that went in, and nothing behind them."""
    server = h11.Connection(h11.SERVER)
    server.receive_data(encode_head(method, target, headers, host=b"api.example", body_length=len(body)) + body)
    request = server.next_event()
    assert isinstance(request, h11.Request)
    assert (request.method, request.target, request.http_version) == (method, target, b"1.1")
    seen = [(bytes(name), bytes(value)) for name, value in request.headers]
    assert seen[0] == (b"host", b"api.example")
    assert seen[1 : 1 + len(headers)] == headers
    ours = dict(seen[1 + len(headers) :])
    assert ours.pop(b"content-length", b"0") == b"%d" % len(body)
    assert ours in ({}, {b"accept-encoding": b"identity"})
    received = b""
    while isinstance(event := server.next_event(), h11.Data):
        received += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage)
    assert received == body
    assert server.trailing_data == (b"", False)


def test_length_is_given_where_a_body_is_expected() -> None:
    """A POST without a body says so; a GET says nothing."""
    assert b"content-length: 0\r\n" in encode_head(b"POST", b"/", [], host=b"h", body_length=0)
    assert b"content-length" not in encode_head(b"GET", b"/", [], host=b"h", body_length=0)


@pytest.mark.parametrize("value", [b"a\r\nb: c", b"a\nb", b"a\rb", b"a\x00b", b"a\x7f", b"\x1b[31m", b"\r\n"])
def test_control_characters_in_values_are_refused(value: bytes) -> None:
    """No value can end its header; the error names the header and does not quote the value."""
    with pytest.raises(RequestInvalid) as caught:
        encode_head(b"POST", b"/", [(b"x-ok", b"1"), (b"x-bad", value)], host=b"h", body_length=0)
    assert caught.value.param == "x-bad"
    assert value.decode("latin-1") not in caught.value.message


@pytest.mark.parametrize("name", [b"", b"a b", b"a:b", b"a\r\nb", b"a\n", "ä".encode(), b"(x)"])
def test_bad_names_are_refused(name: bytes) -> None:
    """A name is a token."""
    with pytest.raises(RequestInvalid):
        encode_head(b"POST", b"/", [(name, b"1")], host=b"h", body_length=0)


@pytest.mark.parametrize(
    "name", [b"host", b"Content-Length", b"transfer-encoding", b"CONNECTION", b"expect", b"te", b"upgrade"]
)
def test_the_transports_own_headers_are_refused(name: bytes) -> None:
    """Framing and connection have one author."""
    with pytest.raises(RequestInvalid) as caught:
        encode_head(b"POST", b"/", [(name, b"1")], host=b"h", body_length=0)
    assert caught.value.param == name.lower().decode()


@pytest.mark.parametrize("target", [b"", b"v1", b"/a b", b"/a\r\nx", b"/\xc3\xa4", b"http://elsewhere/", b"*"])
def test_bad_targets_are_refused(target: bytes) -> None:
    """A target is a path on this origin."""
    with pytest.raises(RequestInvalid, match="target"):
        encode_head(b"POST", target, [], host=b"h", body_length=0)


@pytest.mark.parametrize("method", [b"", b"get", b"GET /", b"CONNECT", b"G\r\nT"])
def test_bad_methods_are_refused(method: bytes) -> None:
    """A method is a word in capitals; tunnels are not for us."""
    with pytest.raises(RequestInvalid, match="method"):
        encode_head(method, b"/", [], host=b"h", body_length=0)
