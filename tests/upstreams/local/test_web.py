"""An address serves as a source, and a broken connection costs no byte twice."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from triplepoint.foundation.errors import RequestInvalid, UpstreamFault
from triplepoint.upstreams.local.assembly import Assembly
from triplepoint.upstreams.local.catalog import HubFile, WebFile
from triplepoint.upstreams.local.pull import pull
from triplepoint.upstreams.local.web import fetch_url

from .helpers import Tiny


@dataclass
class Site:
    """A web server on loopback with one file and bad manners."""

    content: bytes = b""
    takes_ranges: bool = True
    cut_after: int | None = None
    """Bytes of the body after which each connection breaks."""
    asked: list[str] = field(default_factory=list[str])
    url: str = ""


@pytest.fixture
def site(tiny: Tiny) -> Iterator[Site]:
    """A site that has the tiny model."""
    site = Site(tiny.content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(f"{self.path} {self.headers['range']}")
            if self.path.startswith("/missing"):
                return self.send_error(404)
            offset = int(self.headers["range"].removeprefix("bytes=").rstrip("-")) if site.takes_ranges else 0
            body = site.content[offset:]
            self.send_response(206 if site.takes_ranges else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: site.cut_after])
            return None

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class has it so
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


def test_whole_file(tiny: Tiny, cache: Path, site: Site):
    """An address gives the file in one request."""
    assert pull("tiny", cache=cache, source=WebFile(f"{site.url}/tiny.gguf")).read_bytes() == tiny.content
    assert site.asked == ["/tiny.gguf bytes=0-"]


def test_hub_where_one_is_named(tiny: Tiny, cache: Path, site: Site):
    """A hub file is asked for at the hub that the environment names, and left out where it names none."""
    source = HubFile("maker/tiny", "c0ffee", "tiny.gguf")
    with pytest.raises(UpstreamFault, match="HF_ENDPOINT names no hub"):
        pull("tiny", cache=cache, source=source, environ={})
    assert pull("tiny", cache=cache, source=source, environ={"HF_ENDPOINT": site.url}).read_bytes() == tiny.content
    assert site.asked == ["/maker/tiny/resolve/c0ffee/tiny.gguf bytes=0-"]


def test_broken_connection_goes_on(tiny: Tiny, cache: Path, site: Site):
    """A connection that breaks is taken up at the byte where it broke, as long as each brings something."""
    site.cut_after = 2500
    with Assembly(tiny.model, cache, source="site") as assembly:
        fetch_url(f"{site.url}/f", assembly, on_done=lambda done: None, pause_s=0)
        assembly.finish(cache / "tiny.gguf")
    assert site.asked == [f"/f bytes={offset}-" for offset in (0, 2500, 5000, 7500)]
    assert (cache / "tiny.gguf").read_bytes() == tiny.content


def test_given_up_after_barren_tries(tiny: Tiny, cache: Path, site: Site):
    """A server that breaks off again and again without a byte is given up, and what came before is kept."""
    site.cut_after = 0
    with (
        Assembly(tiny.model, cache, source="site") as assembly,
        pytest.raises(UpstreamFault, match="broke off"),
    ):
        fetch_url(f"{site.url}/f", assembly, on_done=lambda done: None, pause_s=0)
    assert len(site.asked) == 5


def test_server_without_ranges(tiny: Tiny, cache: Path, site: Site):
    """A server that always gives the whole file is taken at its word: what was there is not doubled."""
    site.takes_ranges = False
    with Assembly(tiny.model, cache, source="site") as assembly:
        assembly.write(tiny.content[:100])
        fetch_url(f"{site.url}/f", assembly, on_done=lambda done: None)
        assembly.finish(cache / "tiny.gguf")
    assert (cache / "tiny.gguf").read_bytes() == tiny.content


def test_later_pull_asks_for_the_rest(tiny: Tiny, cache: Path, site: Site):
    """A pull that was ended by its caller is gone on with by the next one."""

    class Enough(Exception):
        pass

    def stop(*_: object) -> None:
        raise Enough

    with Assembly(tiny.model, cache, source="site") as assembly, pytest.raises(Enough):
        fetch_url(f"{site.url}/f", assembly, on_done=stop)
    with Assembly(tiny.model, cache, source="site") as assembly:
        assert assembly.size_bytes == len(tiny.content)


def test_refusal(tiny: Tiny, cache: Path, site: Site):
    """A refusal of the server is passed on with its status."""
    with pytest.raises(UpstreamFault, match="the server said 404"):
        pull("tiny", cache=cache, source=WebFile(f"{site.url}/missing"))


def test_unreachable(tiny: Tiny, cache: Path):
    """An address where nobody listens is given up at once."""
    with pytest.raises(UpstreamFault, match="cannot be reached"):
        pull("tiny", cache=cache, source=WebFile("http://127.0.0.1:9/f"))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a/b"])
def test_other_schemes_are_refused(tiny: Tiny, cache: Path, url: str):
    """Only http and https are addresses."""
    with pytest.raises(RequestInvalid, match="https://"):
        pull("tiny", cache=cache, source=WebFile(url))
