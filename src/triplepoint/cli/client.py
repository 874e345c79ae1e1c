"""A small client of the gateway for our own commands: the standard library is enough for one request at a time."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from triplepoint.app import Installation
from triplepoint.foundation.errors import NotAuthenticated, TriplepointError, UpstreamFault
from triplepoint.processes.listen import reachable

KEY_VARIABLE = "TRIPLEPOINT_KEY"
_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the gateway."""

    headers: dict[str, str]
    body: dict[str, Any]


class GatewayClient:
    """Talks to the gateway of an installation with a key.

    Args:
        base_url: Such as ``http://127.0.0.1:8080/v1``.
        key: ``tp-…``.
    """

    def __init__(self, base_url: str, key: str) -> None:
        self._base_url = base_url
        self._key = key

    def post(self, path: str, body: dict[str, Any]) -> Reply:
        """Send a request and wait for its answer.

        Raises: TriplepointError: the gateway is not there, or refused; with its message and code.
        """
        with self._open(path, body) as answer:
            return Reply(dict(answer.headers.items()), json.load(answer))

    def stream(self, path: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Send a request and yield the data of each event; the first item holds the answer's headers as ``headers``."""
        with self._open(path, body) as answer:
            yield {"headers": dict(answer.headers.items())}
            for line in answer:
                data = cast(bytes, line).strip()
                if data.startswith(b"data: ") and data != b"data: [DONE]":
                    yield json.loads(data[6:])

    def get(self, path: str) -> dict[str, Any]:
        """Fetch a JSON body."""
        with self._open(path, None) as answer:
            return json.load(answer)

    def _open(self, path: str, body: dict[str, Any] | None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self._key}", "content-type": "application/json"}
        request = urllib.request.Request(self._base_url + path, data=data, headers=headers)  # noqa: S310 - our own address
        try:
            return urllib.request.urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310
        except urllib.error.HTTPError as error:
            raise _refusal(error) from error
        except (urllib.error.URLError, OSError) as error:
            raise UpstreamFault(
                f"no gateway answers at {self._base_url}; start it with 'triplepoint up'", code="gateway_unreachable"
            ) from error


def gateway_client(installation: Installation, key: str | None) -> GatewayClient:
    """Make a client of this installation's gateway.

    Args:
        key: As given; otherwise ``TRIPLEPOINT_KEY``, otherwise the first key that ``triplepoint up`` left for this machine.
    Raises: NotAuthenticated: there is none of the three.
    """
    found = key or os.environ.get(KEY_VARIABLE) or _first_key(installation)
    if not found:
        raise NotAuthenticated(f"give a key with --key or {KEY_VARIABLE}; 'triplepoint key create' makes one")
    return GatewayClient(f"http://{reachable(installation.settings.gateway.listen)}/v1", found)


def _first_key(installation: Installation) -> str | None:
    path = installation.first_key_file
    return path.read_text("utf-8").strip() if path.is_file() else None


def _refusal(error: urllib.error.HTTPError) -> TriplepointError:
    try:
        told = json.load(error)["error"]
        fault = TriplepointError(str(told["message"]), code=str(told["code"]))
    except (ValueError, KeyError, TypeError):
        fault = TriplepointError(f"the gateway answered {error.code}", code="gateway_error")
    fault.status = error.code
    return fault
