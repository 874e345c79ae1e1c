"""Finds what this machine can already reach: keys in the environment, model servers on loopback.

Nothing leaves the machine: hosted vendors are known by their variable alone, and only 127.0.0.1 is asked.
"""

import http.client
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from triplepoint.configuration.vendors import VENDORS, Vendor

PROBE_TIMEOUT_S = 0.3
_MOST_BYTES = 2**20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")


@dataclass(frozen=True, slots=True)
class Probe:
    """A kind of server that people run on their machine."""

    name: str
    base_url: str
    path: str
    """What lists its models."""
    read: Callable[[Mapping[str, object]], "list[ServedModel]"]


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that a server on loopback has."""

    name: str
    context_tokens: int | None
    """None: it does not say."""


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A server that answered."""

    name: str
    base_url: str
    models: tuple[ServedModel, ...]


@dataclass(frozen=True, slots=True)
class FoundVendor:
    """A vendor whose key is in the environment."""

    vendor: Vendor
    variable: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """All that was found."""

    vendors: tuple[FoundVendor, ...]
    servers: tuple[FoundServer, ...]
    azure: tuple[str, str] | None
    """Variable of the key, and the address of the resource."""


def discover(environ: Mapping[str, str], probes: "tuple[Probe, ...] | None" = None) -> Discovery:
    """Look at the environment and at loopback.

    Args:
        environ: Environment; only names of variables are kept, and Azure's address.
        probes: Servers to ask; the usual ones without.
    """
    named = ((vendor, vendor.variable(environ)) for vendor in VENDORS)
    vendors = tuple(FoundVendor(vendor, variable) for vendor, variable in named if variable is not None)
    asked = (ask(probe) for probe in (PROBES if probes is None else probes))
    return Discovery(vendors, tuple(server for server in asked if server is not None), _azure(environ))


def ask(probe: Probe) -> FoundServer | None:
    """Ask one server for its models; None where nothing that we know answers in time."""
    parts = urlsplit(probe.base_url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PROBE_TIMEOUT_S)
    try:
        connection.request("GET", probe.path)
        response = connection.getresponse()
        document = cast("object", json.loads(response.read(_MOST_BYTES)) if response.status == http.client.OK else None)
    except (OSError, http.client.HTTPException, ValueError):  # not there, or something else listens on that port
        return None
    finally:
        connection.close()
    if not isinstance(document, dict):
        return None
    models = probe.read(cast("Mapping[str, object]", document))
    return FoundServer(probe.name, probe.base_url, tuple(models)) if models else None


def _azure(environ: Mapping[str, str]) -> tuple[str, str] | None:
    endpoint = environ.get("AZURE_OPENAI_ENDPOINT", "").rstrip("/")
    usable = re.fullmatch(r"https://[A-Za-z0-9.-]+", endpoint) is not None
    return ("AZURE_OPENAI_API_KEY", endpoint) if usable and environ.get("AZURE_OPENAI_API_KEY") else None


def _ollama(document: Mapping[str, object]) -> list[ServedModel]:
    return [
        ServedModel(name, None) for entry in _entries(document.get("models")) if (name := _name(entry.get("name"))) is not None
    ]


def _vllm(document: Mapping[str, object]) -> list[ServedModel]:
    found: list[ServedModel] = []
    for entry in _entries(document.get("data")):
        name, length = _name(entry.get("id")), entry.get("max_model_len")
        if name is not None:
            found.append(ServedModel(name, length if isinstance(length, int) and length > 0 else None))
    return found


def _entries(value: object) -> list[Mapping[str, object]]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("Mapping[str, object]", item) for item in items if isinstance(item, dict)]


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else None


PROBES = (
    Probe("ollama", "http://127.0.0.1:11434/v1", "/api/tags", _ollama),
    Probe("vllm", "http://127.0.0.1:8000/v1", "/v1/models", _vllm),
)
"""What is asked without being told otherwise."""
