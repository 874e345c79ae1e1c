"""What ``triplepoint.yaml`` says, held against the environment and the folder it lies in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from triplepoint.configuration.check_energy import check_energy
from triplepoint.configuration.model import variable_name
from triplepoint.files.checked import Reading
from triplepoint.files.nearest import suggest
from triplepoint.foundation.errors import Problem, SettingsInvalid
from triplepoint.settings import (
    AnthropicUpstream,
    CounterKind,
    LocalUpstream,
    OpenAIUpstream,
    Settings,
    SimulatedUpstream,
    Upstream,
)
from triplepoint.upstreams.local.catalog import FAMILY
from triplepoint.upstreams.simulated.script_file import load_script

_COUNT_APART = "several gateways would each count for themselves, and let through as many times what a quota allows"
_SHARE_COUNTERS = "write 'counters: {kind: valkey, url: ${TRIPLEPOINT_VALKEY_URL}}', or run one worker"
_COPIES = "each of several gateways would start a copy of the model"
_ONE_COPY = "run llama.cpp's server apart and name it with 'kind: openai', or run one worker"
_NEEDS_KEY = frozenset({"api.openai.com", "api.anthropic.com"})


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong, and what is only worth knowing."""

    problems: list[Problem]
    warnings: list[Problem]


def check(reading: Reading[Settings], *, folder: Path, environ: Mapping[str, str], used: frozenset[str]) -> Found:
    """Check the settings.

    Args:
        reading: The file.
        folder: Where it lies; paths in it start there.
        environ: Environment of the secrets.
        used: Upstreams of the active line-up; what only concerns others is a warning.
    """
    found = Found([], [])
    settings = reading.value
    if settings is None:
        return found
    if settings.gateway.listen == settings.control.listen:
        found.problems.append(
            reading.problem(("control", "listen"), "is the gateway's address as well", "give one of them another port")
        )
    found.problems.extend(_shared(reading, settings, environ))
    for name, upstream in settings.upstreams.items():
        path = ("upstreams", name)
        found.problems.extend(_headers(reading, path, upstream))
        found.problems.extend(check_energy(reading, name, upstream.energy))
        found.warnings.extend(_clear_text(reading, path, upstream))
        needed = [*_key(reading, path, upstream, environ), *_script(reading, path, upstream, folder)]
        (found.problems if name in used else found.warnings).extend(needed)
        found.warnings.extend(_model_file(reading, path, upstream, folder))
    return found


def _shared(reading: Reading[Settings], settings: Settings, environ: Mapping[str, str]) -> Iterator[Problem]:
    """Check what several gateways share."""
    counters = settings.counters
    is_shared = counters.kind is CounterKind.VALKEY
    if is_shared and counters.url is None:
        yield reading.problem(("counters", "kind"), "has no url", "add 'url: ${TRIPLEPOINT_VALKEY_URL}'")
    if not is_shared and counters.url is not None:
        yield reading.problem(("counters", "url"), "names a server that nobody asks", "write 'kind: valkey' beside it")
    for path, message, fix in workers_faults(settings, settings.gateway.workers):
        yield reading.problem(path, message, fix)
    for path, reference in ((("database",), settings.database), (("counters", "url"), counters.url)):
        if reference is not None and not environ.get(name := variable_name(reference) or ""):
            yield reading.problem(path, f"the environment has no {name}", f"export {name}=… before the start")


def workers_faults(settings: Settings, workers: int) -> list[tuple[tuple[str, ...], str, str]]:
    """Say what stands against so many gateways on one machine: the key, what is wrong, and how to mend it."""
    if workers == 1:
        return []
    faults: list[tuple[tuple[str, ...], str, str]] = []
    if settings.counters.kind is not CounterKind.VALKEY:
        faults.append((("gateway", "workers"), _COUNT_APART, _SHARE_COUNTERS))
    local = next((name for name, upstream in settings.upstreams.items() if isinstance(upstream, LocalUpstream)), None)
    if local is not None:
        faults.append((("upstreams", local), _COPIES, _ONE_COPY))
    return faults


def _key(
    reading: Reading[Settings], path: tuple[str, str], upstream: Upstream, environ: Mapping[str, str]
) -> Iterator[Problem]:
    reference: str | None = getattr(upstream, "api_key", None)
    if reference is None:
        if isinstance(upstream, OpenAIUpstream | AnthropicUpstream) and urlsplit(upstream.base_url).hostname in _NEEDS_KEY:
            host = urlsplit(upstream.base_url).hostname
            yield reading.problem(
                (*path, "api_key"), f"is missing, and {host} answers nobody without", "add 'api_key: ${NAME}'"
            )
        return
    name = variable_name(reference)
    if name is not None and not environ.get(name):
        yield reading.problem((*path, "api_key"), f"the environment has no {name}", f"export {name}=… before the start")


def _headers(reading: Reading[Settings], path: tuple[str, str], upstream: Upstream) -> Iterator[Problem]:
    for header, value in upstream.headers.items() if isinstance(upstream, OpenAIUpstream) else ():
        if "${" in value:
            fix = "write the value itself; a secret belongs into api_key"
            yield reading.problem((*path, "headers", header), "headers are sent as written, ${…} is not filled in", fix)


def _clear_text(reading: Reading[Settings], path: tuple[str, str], upstream: Upstream) -> Iterator[Problem]:
    base_url: str | None = getattr(upstream, "base_url", None)
    if base_url is None or getattr(upstream, "api_key", None) is None:
        return
    parts = urlsplit(base_url)
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        yield reading.problem((*path, "base_url"), "the key travels unencrypted", "write https://")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name
        return host == "localhost"


def _script(reading: Reading[Settings], path: tuple[str, str], upstream: Upstream, folder: Path) -> Iterator[Problem]:
    if not isinstance(upstream, SimulatedUpstream) or upstream.script is None:
        return
    script = folder / upstream.script
    if not script.is_file():
        there = [
            found.relative_to(folder).as_posix() for found in sorted(script.parent.glob("*.yaml")) if folder in found.parents
        ]
        yield reading.problem(
            (*path, "script"), f"there is no {upstream.script}", suggest(upstream.script, there, "files there")
        )
        return
    try:
        load_script(script)
    except SettingsInvalid as error:
        for problem in error.problems:
            yield replace(problem, file=upstream.script if problem.file == str(script) else problem.file)


def _model_file(reading: Reading[Settings], path: tuple[str, str], upstream: Upstream, folder: Path) -> Iterator[Problem]:
    if not isinstance(upstream, LocalUpstream) or upstream.gguf in FAMILY:
        return
    if not (folder / upstream.gguf).expanduser().is_file():
        fix = f"put a GGUF file there, or write one of {', '.join(FAMILY)}"
        yield reading.problem((*path, "gguf"), f"there is no {upstream.gguf} yet; the model waits for it", fix)
