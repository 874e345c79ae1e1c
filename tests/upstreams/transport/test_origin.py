"""Base URLs: what they say, and the refusal of those that say too much."""

import pytest

from triplepoint.settings import PoolSettings
from triplepoint.upstreams.transport.client import HttpClient
from triplepoint.upstreams.transport.origin import BaseUrl, Origin, parse_base_url


@pytest.mark.parametrize(
    ("url", "base", "host_header", "text"),
    [
        (
            "https://api.openai.com/v1",
            BaseUrl(Origin("https", "api.openai.com", 443), b"/v1"),
            b"api.openai.com",
            "https://api.openai.com",
        ),
        ("http://127.0.0.1:9001", BaseUrl(Origin("http", "127.0.0.1", 9001), b""), b"127.0.0.1:9001", "http://127.0.0.1:9001"),
        ("HTTP://Host:80/", BaseUrl(Origin("http", "host", 80), b""), b"host", "http://host"),
        ("https://h:80/a/b/", BaseUrl(Origin("https", "h", 80), b"/a/b"), b"h:80", "https://h:80"),
        ("http://[::1]:8080/v1", BaseUrl(Origin("http", "::1", 8080), b"/v1"), b"[::1]:8080", "http://[::1]:8080"),
        ("https://bücher.example", BaseUrl(Origin("https", "xn--bcher-kva.example", 443), b""), b"xn--bcher-kva.example", None),
    ],
)
def test_base_urls(url: str, base: BaseUrl, host_header: bytes, text: str | None) -> None:
    """A base URL gives origin and path; the port is told only where it is not the scheme's own."""
    assert parse_base_url(url) == base
    assert base.origin.host_header == host_header
    assert text is None or str(base.origin) == text
    assert HttpClient(url, PoolSettings()).origin == base.origin


@pytest.mark.parametrize(
    "url",
    [
        "", "api.openai.com", "ftp://h/", "//h/", "http://", "http:///v1", "http://h:0/", "http://h:99999/", "http://h:x/",
        "http://u:pw@h/", "http://h/?a=b", "http://h/#x", "http://h/?", "http://h/a b", "http://h/ä", "http://a b/",
        "http://h\\x/", "http://" + "a" * 64 + "/",
    ],
)  # fmt: skip
def test_other_urls_are_refused(url: str) -> None:
    """Anything else is refused with advice, and without quoting what may hold a password."""
    with pytest.raises(ValueError, match="base URL") as caught:
        parse_base_url(url)
    assert "pw" not in str(caught.value)
