"""Is this installation sound: files, data folder, ports, models, gateway, upstreams."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from triplepoint.access.secret import SECRET_FILE, SECRET_VARIABLE
from triplepoint.app import GatewaySocket
from triplepoint.doctor.examination import Examination
from triplepoint.doctor.model import Finding, Level
from triplepoint.foundation.errors import SettingsInvalid
from triplepoint.ledger.folder_lock import GATEWAY_LOCK, holder_of
from triplepoint.settings import SETTINGS_FILE, AnthropicUpstream, AzureUpstream, LocalUpstream, OpenAIUpstream
from triplepoint.upstreams.local.cache import FileState, gguf_path, inspect, models_folder
from triplepoint.upstreams.local.catalog import FAMILY

_PRIVATE: Final = 0o077
"""Permissions that nobody but the owner should have."""


def configuration(examination: Examination) -> Iterator[Finding]:
    """The files are valid; one finding for each problem and warning in them."""
    if not (examination.folder / SETTINGS_FILE).is_file():
        fix = "`triplepoint init` writes a set, or give the folder with --dir"
        yield Finding("configuration", Level.PROBLEM, f"there is no {SETTINGS_FILE} in this folder", fix)
        return
    loaded = examination.configuration
    if isinstance(loaded, SettingsInvalid):
        for problem in loaded.problems:
            place = f"{problem.file}:{problem.line}: {problem.key or '(file)'}: {problem.message}"
            yield Finding("configuration", Level.PROBLEM, place, problem.fix)
        return
    for warning in loaded.warnings:
        place = f"{warning.file}:{warning.line}: {warning.key or '(file)'}: {warning.message}"
        yield Finding("configuration", Level.WARNING, place, warning.fix)
    yield Finding("configuration", Level.OK, f"line-up {loaded.lineup.lineup} ({loaded.active.hash})")


def data_folder(examination: Examination) -> Iterator[Finding]:
    """The data folder and the secret in it belong to their owner alone."""
    data = examination.data
    if not data.is_dir():
        yield Finding("data folder", Level.OK, "not made yet; the first start makes it")
        return
    yield _private("data folder", data, "700", Level.WARNING)
    secret = data / SECRET_FILE
    if secret.is_file():
        yield _private("secret", secret, "600", Level.PROBLEM)
    elif SECRET_VARIABLE not in examination.environ and (data / "triplepoint.db").is_file():
        fix = f"restore {SECRET_FILE} from the backup, or set {SECRET_VARIABLE}; without it no key works"
        yield Finding("secret", Level.PROBLEM, "the secret is gone, and there is a database with keys", fix)


def lock(examination: Examination) -> Iterator[Finding]:
    """Say who holds the data folder; a holder that does not answer is stuck."""
    holder = holder_of(examination.data / GATEWAY_LOCK)
    if holder is None:
        yield Finding("gateway", Level.OK, "no gateway runs on this data folder")
        return
    status = GatewaySocket(examination.data).status()
    if status is None:
        fix = f"look at its log; if it does not recover, `kill {holder.pid}` and start again"
        yield Finding("gateway", Level.PROBLEM, f"process {holder.pid} holds the data folder and does not answer", fix)
        return
    yield Finding("gateway", Level.OK, f"process {status.pid} runs line-up {status.lineup} ({status.lineup_hash})")
    if status.journal != "ok":
        yield Finding("journal", Level.PROBLEM, f"the journal says: {status.journal}", "make room on its disk")
    for upstream in status.upstreams:
        if upstream.state != "ready" or upstream.breaker != "closed":
            what = f"upstream {upstream.name}: {upstream.state}, breaker {upstream.breaker}, last error {upstream.last_error}"
            yield Finding("gateway", Level.WARNING, what, "wait for it, or look at that upstream's own log")


def ports(examination: Examination) -> Iterator[Finding]:
    """The two ports are free, or ours."""
    listens = {"gateway": examination.settings.gateway.listen, "control": examination.settings.control.listen}
    for section, listen in listens.items():
        yield _port(examination, section, listen, is_running=examination.gateway_runs)


def models(examination: Examination) -> Iterator[Finding]:
    """The model files are there and of the right size."""
    cache = models_folder(examination.environ)
    for name, upstream in examination.settings.upstreams.items():
        if isinstance(upstream, LocalUpstream):
            yield _model_file(name, upstream.gguf, cache=cache, base=examination.folder)


def upstreams(examination: Examination) -> Iterator[Finding]:
    """The hosts of upstreams accept connections; nothing is sent to them."""
    for name, upstream in examination.settings.upstreams.items():
        if not isinstance(upstream, OpenAIUpstream | AzureUpstream | AnthropicUpstream):
            continue
        parts = urlsplit(upstream.base_url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        if examination.machine.can_connect(host, port):
            yield Finding("upstreams", Level.OK, f"{name}: {host}:{port} accepts connections")
        else:
            fix = "start that server, or check its base_url, your network and any proxy"
            yield Finding("upstreams", Level.PROBLEM, f"{name}: {host}:{port} accepts no connection", fix)


def _private(check: str, path: Path, mode: str, level: Level) -> Finding:
    found = stat.S_IMODE(path.stat().st_mode)
    if found & _PRIVATE:
        return Finding(check, level, f"{path.name} may be read by others (mode {found:04o})", f"chmod {mode} {path}")
    return Finding(check, Level.OK, f"{path.name} is its owner's alone (mode {found:04o})")


def _port(examination: Examination, section: str, listen: str, *, is_running: bool) -> Finding:
    host, _, port_text = listen.rpartition(":")
    host, port = host.strip("[]"), int(port_text)
    if examination.machine.can_listen(host, port):
        if is_running and section == "gateway":
            return Finding("ports", Level.WARNING, f"{listen} is free although a gateway runs", "wait for it to start")
        return Finding("ports", Level.OK, f"{listen} is free for the {section}")
    holder = examination.machine.listener(port)
    if is_running:
        return Finding("ports", Level.OK, f"{listen} is held by {holder or 'a process'} while this installation runs")
    fix = f"stop it, or set {section}.listen in {SETTINGS_FILE} to another port"
    return Finding("ports", Level.PROBLEM, f"{listen} is taken by {holder or 'a process that this user may not see'}", fix)


def _model_file(name: str, gguf: str, *, cache: Path, base: Path) -> Finding:
    path = gguf_path(gguf, cache=cache, base=base)
    if gguf not in FAMILY:
        if path.is_file():
            return Finding("models", Level.OK, f"{name}: {path.name}")
        return Finding("models", Level.PROBLEM, f"{name}: there is no file {gguf}", "set the path of a GGUF file that exists")
    file = inspect(FAMILY[gguf], cache)
    if file.state is FileState.READY:
        return Finding("models", Level.OK, f"{name}: {path.name}, of the right size")
    what = f"{name}: {path.name} is {file.state} ({file.present_bytes:,} of {file.model.size_bytes:,} bytes)"
    level = Level.PROBLEM if file.state is FileState.DAMAGED else Level.WARNING
    return Finding("models", level, what, f"`triplepoint models pull {gguf}`")
