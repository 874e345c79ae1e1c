"""Where an upstream is: scheme, host, port; read from a base URL once, when a client is made."""

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """A server to connect to."""

    scheme: str
    """``http`` or ``https``."""
    host: str
    """Name (in its ASCII form) or address; an IPv6 address without brackets."""
    port: int

    @property
    def is_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme == "https"

    @property
    def host_header(self) -> bytes:
        """Value of the ``Host`` header: the port is left out where it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}").encode("ascii")

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host_header.decode('ascii')}"


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """A base URL taken apart."""

    origin: Origin
    path: bytes
    """What comes before the path of each request, such as ``/v1``; without a slash at its end."""


def parse_base_url(url: str) -> BaseUrl:
    """Take a base URL such as ``https://api.openai.com/v1`` apart.

    Raises: ValueError: it is no such URL, or holds more than scheme, host, port and path; says what to write instead. The URL
        itself is not quoted, for it may hold a password.
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS:
        raise ValueError("a base URL begins with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("a base URL holds no user name or password; give the key as api_key: ${NAME_OF_ENV}")
    if "?" in url or "#" in url:
        raise ValueError("a base URL ends with its path; leave out what begins with '?' or '#'")
    path = parts.path.rstrip("/")
    if not (path.isascii() and path.isprintable()) or " " in path:
        raise ValueError("the path of a base URL is printable ASCII without spaces; percent-encode the rest")
    return BaseUrl(Origin(parts.scheme, _host(parts), _port(parts)), path.encode("ascii"))


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if ":" not in host:  # an address of IPv6 is no name
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise ValueError("the host of a base URL is not a name that DNS can hold") from error
    if not host or not all(character.isalnum() or character in "-._:%" for character in host):
        raise ValueError("a base URL names a host, such as https://api.example.com/v1")
    return host


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError("the port of a base URL is a number from 1 to 65535") from error
    if port == 0:
        raise ValueError("the port of a base URL is a number from 1 to 65535")
    return port or _PORTS[parts.scheme]
