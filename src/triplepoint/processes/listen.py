"""Where a process listens, and when it refuses to."""

import ipaddress
import os
import socket
from dataclasses import dataclass

from triplepoint.access.secret import SECRET_VARIABLE
from triplepoint.foundation.errors import Conflict, Problem, SettingsInvalid
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


def shared_socket(address: Address, backlog: int) -> socket.socket:
    """Listen beside other workers of this machine: the kernel deals connections out among those that listen so.

    Raises: Conflict: somebody listens there who does not share.
    """
    family = socket.AF_INET6 if ":" in address.bare_host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind((address.bare_host, address.port))
        listening.listen(backlog)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        message = f"cannot listen on {address.host}:{address.port}: {error.strerror}; stop who does, or set another port"
        raise Conflict(message, code="port_taken") from error
    return listening


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
