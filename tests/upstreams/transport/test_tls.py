"""TLS: verified by default, by our own authority where one is given, never downgraded."""

import ssl

import pytest
import trustme

from triplepoint.upstreams.transport.client import HttpClient

from .conftest import Serve
from .helpers import OK, Peer, ask, fault_of, fetch, pool


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Make an authority of our own."""
    return trustme.CA()


def _server_context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # half of its types are pyOpenSSL's
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def _client_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)  # pyright: ignore[reportUnknownMemberType]  # half of its types are pyOpenSSL's
    return context


async def test_requests_over_tls(serve: Serve, authority: trustme.CA) -> None:
    """With a certificate that holds, requests share one connection, speak HTTP/1.1, and name the host that they want."""
    spoken: list[tuple[str | None, bytes]] = []

    async def script(peer: Peer) -> None:
        while True:
            request = await peer.request()
            tls: ssl.SSLObject = peer.writer.get_extra_info("ssl_object")
            spoken.append((tls.selected_alpn_protocol(), request.split(b"\r\n")[1]))
            peer.send(OK)

    upstream = await serve(script, _server_context(authority, "localhost"))
    client = HttpClient(f"https://localhost:{upstream.port}/v1", pool(), _client_context(authority))
    for body in (b"small", b"large" * 200_000):
        assert (await fetch(client, body)).body == b"ok"
    assert upstream.accepted == 1
    assert spoken == [("http/1.1", b"host: localhost:%d" % upstream.port)] * 2
    assert upstream.requests[1].endswith(b"large" * 200_000)
    await client.aclose()
    await upstream.emptied()


@pytest.mark.parametrize("is_trusted", [False, True], ids=["unknown-authority", "wrong-name"])
async def test_a_certificate_that_does_not_hold_is_refused(serve: Serve, authority: trustme.CA, is_trusted: bool) -> None:
    """An unknown authority, or another server's certificate, is `connect_failed`, and nothing of the request is sent."""

    async def script(peer: Peer) -> None:
        await peer.request()

    upstream = await serve(script, _server_context(authority, "other.example" if is_trusted else "localhost"))
    context = _client_context(authority) if is_trusted else None
    client = HttpClient(f"https://localhost:{upstream.port}", pool(), context)
    fault = await fault_of(ask(client))
    assert fault.code == "connect_failed"
    assert "certificate" in fault.message
    assert upstream.requests == []
    assert client.stats().open == 0
    await client.aclose()


async def test_a_server_without_tls_is_refused(serve: Serve) -> None:
    """A server that speaks plainly on a TLS port is `connect_failed`."""

    async def script(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await peer.closed()

    upstream = await serve(script)
    client = HttpClient(f"https://127.0.0.1:{upstream.port}", pool())
    assert (await fault_of(ask(client))).code == "connect_failed"
    assert client.stats().open == 0
    await client.aclose()


@pytest.mark.parametrize("is_cut", [False, True])
async def test_a_body_cut_under_tls_is_not_its_end(serve: Serve, authority: trustme.CA, is_cut: bool) -> None:
    """Where only the close ends a body, TLS must close properly: a cut by somebody on the way is `connection_lost`."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nhalf of")
        await peer.writer.drain()
        if is_cut:
            peer.abort()
        else:
            peer.writer.close()
            await peer.writer.wait_closed()

    upstream = await serve(script, _server_context(authority, "localhost"))
    client = HttpClient(f"https://localhost:{upstream.port}", pool(), _client_context(authority))
    answer = await ask(client)
    if is_cut:
        assert (await fault_of(answer.read(100))).code == "connection_lost"
    else:
        assert await answer.read(100) == b"half of"
    assert client.stats().open == 0
    await client.aclose()
