"""Where a process listens, and when it refuses to."""

import ipaddress
import os
from dataclasses import dataclass

from triplepoint.access.secret import SECRET_VARIABLE
from triplepoint.foundation.errors import Problem, SettingsInvalid
from triplepoint.settings import SETTINGS_FILE


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can connect."""
        try:
            return ipaddress.ip_address(self.bare_host).is_loopback
        except ValueError:  # a name
            return self.host == "localhost"

    @property
    def bare_host(self) -> str:
        """The host as a socket takes it: an IPv6 address without its brackets."""
        return self.host.strip("[]")


def parse_listen(listen: str) -> Address:
    """Split ``HOST:PORT``."""
    host, _, port = listen.rpartition(":")
    return Address(host, int(port))


def refuse_open_door(address: Address, *, key: str) -> None:
    """Refuse to listen beyond loopback with a secret that nobody chose.

    Args:
        key: Setting that named the address.
    Raises: SettingsInvalid: ``TRIPLEPOINT_SECRET`` is not set.
    """
    if not address.is_loopback and not os.environ.get(SECRET_VARIABLE):
        fix = f"set {SECRET_VARIABLE} (openssl rand -base64 48), or listen on 127.0.0.1"
        raise SettingsInvalid([Problem(str(SETTINGS_FILE), 0, key, f"{address.host} is reachable from elsewhere", fix)])


def reachable(listen: str) -> str:
    """Return an address to call for one to listen on."""
    return listen.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]")  # noqa: S104 - replaced, not bound
