"""Compressed bodies: decoded as they come, in bounded steps, and never taken for whole when they are not."""

import asyncio
import gzip
import random
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.upstreams.transport.encoding import STEP, decoder_for
from triplepoint.upstreams.transport.faults import FramingError

from .conftest import Serve
from .helpers import CHUNKED, Peer, ask, client_of, fault_of


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def _zstd_stream(data: bytes) -> bytes:
    packer = zstandard.ZstdCompressor().compressobj()
    return packer.compress(data) + packer.flush()


def _two_members(data: bytes) -> bytes:
    return gzip.compress(data[: len(data) // 2]) + gzip.compress(data[len(data) // 2 :])


def _two_frames(data: bytes) -> bytes:
    return _zstd(data[: len(data) // 2]) + _zstd_stream(data[len(data) // 2 :])


_PACKERS: list[tuple[bytes, Callable[[bytes], bytes]]] = [
    (b"gzip", gzip.compress),
    (b"X-GZip", _two_members),
    (b"deflate", zlib.compress),
    (b"deflate", _raw_deflate),
    (b"zstd", _zstd),
    (b"zstd", _zstd_stream),
    (b"zstd", _two_frames),
]


def _unpack(name: bytes, pieces: list[bytes]) -> bytes:
    decoder = decoder_for([name])
    assert decoder is not None
    out: list[bytes] = []
    for piece in pieces:
        decoder.feed(piece)
        while step := decoder.step():
            out.append(step)
    decoder.finish()
    return b"".join(out)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(_PACKERS), st.binary(max_size=3000), st.lists(st.integers(0, 3000), max_size=8))
def test_what_was_packed_comes_back(packer: tuple[bytes, Callable[[bytes], bytes]], data: bytes, cuts: list[int]) -> None:
    """Every coding gives back what was packed, however its bytes are cut."""
    name, pack = packer
    packed = pack(data)
    places = sorted(cut % (len(packed) + 1) for cut in cuts)
    pieces = [packed[start:end] for start, end in zip([0, *places], [*places, len(packed)], strict=True) if start < end]
    assert _unpack(name, pieces) == data


@pytest.mark.parametrize(("name", "pack"), _PACKERS)
def test_single_bytes_come_back(name: bytes, pack: Callable[[bytes], bytes]) -> None:
    """The same where each byte comes alone."""
    data = b"A larger model answers more questions well. " * 20
    packed = pack(data)
    assert _unpack(name, [packed[at : at + 1] for at in range(len(packed))]) == data


@pytest.mark.parametrize(("name", "pack"), _PACKERS)
def test_a_cut_body_is_a_fault(name: bytes, pack: Callable[[bytes], bytes]) -> None:
    """A compressed body that ends early is `protocol_error`, at whatever byte it is cut."""
    packed = pack(b"some text, and some more of it " * 10)
    whole = {
        len(gzip.compress((b"some text, and some more of it " * 10)[:155])),
        len(_zstd((b"some text, and some more of it " * 10)[:155])),
    }
    for length in range(1, len(packed)):
        if pack in {_two_members, _two_frames} and length in whole:
            continue  # cut between two members it is whole
        with pytest.raises(UpstreamFault, match="too early"):
            _unpack(name, [packed[:length]])


@pytest.mark.parametrize("name", [b"gzip", b"deflate", b"zstd"])
def test_an_empty_body_needs_no_packing(name: bytes) -> None:
    """A server that announces a coding and sends no body at all is understood."""
    assert _unpack(name, []) == b""


@pytest.mark.parametrize("name", [b"gzip", b"deflate", b"zstd"])
def test_garbage_is_a_fault(name: bytes) -> None:
    """Bytes that are not of the coding are `protocol_error`."""
    with pytest.raises(UpstreamFault) as caught:
        _unpack(name, [b"\x07 this is no compressed data"])
    assert caught.value.code == "protocol_error"


def test_bytes_after_the_end_are_a_fault() -> None:
    """Deflate has one stream; what follows it is nobody's."""
    with pytest.raises(UpstreamFault, match="bytes follow"):
        _unpack(b"deflate", [zlib.compress(b"x") + b"yyyy"])


@pytest.mark.parametrize(("name", "pack"), [(b"gzip", gzip.compress), (b"deflate", zlib.compress), (b"zstd", _zstd_stream)])
def test_bombs_are_refused(name: bytes, pack: Callable[[bytes], bytes]) -> None:
    """A body that swells beyond all proportion is refused long before it is unpacked, and no step is large."""
    steps: list[int] = []
    fault = _fault_of_bomb(name, pack(bytes(64 * 2**20)), steps)
    assert fault.code == "answer_too_large"
    assert max(steps, default=0) <= 16 * 2**20
    assert sum(steps) <= 32 * 2**20


def _fault_of_bomb(name: bytes, packed: bytes, steps: list[int]) -> UpstreamFault:
    decoder = decoder_for([name])
    assert decoder is not None
    decoder.feed(packed)
    try:
        while step := decoder.step():
            steps.append(len(step))
    except UpstreamFault as fault:
        return fault
    raise AssertionError("the bomb went off")


def test_large_bodies_come_in_steps() -> None:
    """An honest body is never refused for its size, and gzip's steps are bounded."""
    generator = random.Random(1)
    data = b"".join(generator.randbytes(100) * 20 for _ in range(2000))
    decoder = decoder_for([b"gzip"])
    assert decoder is not None
    decoder.feed(gzip.compress(data))
    pieces: list[bytes] = []
    while step := decoder.step():
        pieces.append(step)
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= STEP


@pytest.mark.parametrize("value", [b"br", b"gzip, zstd", b"compress"])
def test_other_codings_are_refused(value: bytes) -> None:
    """What we cannot decode, or would have to decode twice, is refused by its head."""
    with pytest.raises(FramingError):
        decoder_for([value])


def test_identity_is_no_coding() -> None:
    """Nothing, and `identity`, mean that the body is as it is."""
    assert decoder_for([]) is None
    assert decoder_for([b"identity", b" , Identity"]) is None


@pytest.mark.parametrize(("name", "pack"), _PACKERS)
async def test_decoded_over_the_wire(serve: Serve, name: bytes, pack: Callable[[bytes], bytes]) -> None:
    """A stream compressed unasked is read decoded, each event when it comes whole; headers of the packed form are gone."""
    data = b"data: {}\n\n" * 100
    packed = pack(data)

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            peer.send(CHUNKED[:-2] + b"Content-Encoding: " + name + b"\r\nX-A: 1\r\n\r\n")
            for at in range(0, len(packed), 20):
                piece = packed[at : at + 20]
                peer.send(b"%x\r\n%b\r\n" % (len(piece), piece))
                await asyncio.sleep(0)
            peer.send(b"0\r\n\r\n")

    upstream = await serve(script)
    async with client_of(upstream) as client:
        for _ in range(2):
            answer = await ask(client)
            assert answer.header(b"content-encoding") is None
            assert answer.header(b"x-a") == b"1"
            assert await answer.read(len(data)) == data
    assert upstream.accepted == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [(gzip.compress(b"x" * 5000, mtime=0), "answer_too_large"), (b"no gzip at all", "protocol_error")],
    ids=["too-large", "no-gzip"],
)
async def test_bad_compressed_bodies_close_the_connection(serve: Serve, body: bytes, code: str) -> None:
    """Too large once decoded, or not gzip: a fault, and the connection is closed though the message is not at its end."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % (len(body) + 1))
        peer.send(body)
        await peer.closed()

    upstream = await serve(script)
    async with client_of(upstream) as client:
        answer = await ask(client)
        assert (await fault_of(answer.read(1000))).code == code
        await asyncio.wait_for(upstream.seen_closed.wait(), 5)
        assert client.stats().open == 0


async def test_a_compressed_body_cut_inside_a_whole_message_is_a_fault(serve: Serve) -> None:
    """HTTP says that the body is whole, gzip that it is not: it is not."""
    body = gzip.compress(b"x" * 50, mtime=0)[:-3]

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await peer.closed()

    async with client_of(await serve(script)) as client:
        answer = await ask(client)
        assert (await fault_of(answer.read(1000))).code == "protocol_error"


def test_many_empty_members_are_read() -> None:
    """A gzip file of thousands of empty members is an odd way to say nothing, and no way to exhaust the stack."""
    assert _unpack(b"gzip", [gzip.compress(b"") * 5000]) == b""


async def test_head_of_something_compressed(serve: Serve) -> None:
    """An answer without a body keeps its headers, also where they name a coding that we do not know."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 77\r\n\r\n")
        await peer.closed()

    async with client_of(await serve(script)) as client:
        answer = await ask(client, method=b"HEAD")
        assert answer.header(b"content-encoding") == b"br"
        assert await answer.read(0) == b""
