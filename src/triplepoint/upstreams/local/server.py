"""One model as a process: ``python -m triplepoint.upstreams.local.server``, started by `process.ModelProcess`.

It reads its order from the first line of standard input, loads the model into llama.cpp's own HTTP server on loopback, says
``READY host port`` and then does nothing but hold on to standard input: when that closes, because the gateway wants it gone or
is gone itself, it leaves at once. On Linux the kernel is asked to kill it with its parent as well. Ctrl-C is ignored: a
terminal sends it to all processes, and the gateway needs its models to finish its open streams.

A crash in here (an assertion of llama.cpp, a processor without AVX2, the kernel out of memory) costs one model a restart and
leaves the gateway alone.
"""

import ctypes
import importlib
import os
import signal
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import msgspec

from triplepoint.upstreams.local.launch import FAILED, READY, LaunchOrder

_HOST = "127.0.0.1"
_STDIN, _STDOUT, _STDERR = 0, 1, 2
_PR_SET_PDEATHSIG = 1
_OOM_SCORE = "500"
_HTTP_THREADS_SPARE = 16


def main() -> int:
    """Run one model until standard input closes; returns only if it could not be started."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    say = _own_stdout()
    try:
        # Unbuffered: a thread that waits in a buffered reader holds its lock when the interpreter wants to shut down.
        with os.fdopen(_STDIN, "rb", buffering=0, closefd=False) as stdin:
            order = msgspec.json.decode(stdin.readline(), type=LaunchOrder)
    except msgspec.DecodeError as fault:
        say.write(f"{FAILED} standard input must begin with one line of JSON: {fault}\n".encode())
        return 2
    _die_with_parent(order.parent_pid)
    leash = threading.Thread(target=_leave_when_closed, name="leash", daemon=True)
    leash.start()
    try:
        engine = _engine()
        server = engine.Server(_parameters(engine, order))
    except ImportError as fault:
        say.write(f"{FAILED} xllamacpp does not load ({fault}); pip install 'triplepoint[local]'\n".encode())
        return 1
    except RuntimeError as fault:
        say.write(f"{FAILED} llama.cpp does not take it: {fault}\n".encode())
        return 1
    say.write(f"{READY} {_HOST} {urlsplit(str(server.listening_address)).port}\n".encode())
    leash.join()
    return 0


def _own_stdout() -> BinaryIO:
    """Keep standard output for our two lines: whatever C++ prints there goes to standard error from now on."""
    private = os.fdopen(os.dup(_STDOUT), "wb", buffering=0)
    os.dup2(_STDERR, _STDOUT)
    return private


def _die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill us when our parent dies, and leave if that has happened already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # When memory runs out, the kernel shall rather take a model, which comes back, than the gateway.
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, "ascii")
    if os.getppid() != parent_pid:
        os._exit(0)


def _leave_when_closed() -> None:
    while os.read(_STDIN, 1):
        pass
    os._exit(0)


def _engine() -> ModuleType:
    """Import llama.cpp. OpenMP reads its policy once, at import: threads that wait shall sleep, not spin on a busy core."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return importlib.import_module("xllamacpp")


def _parameters(engine: ModuleType, order: LaunchOrder) -> Any:
    """Translate an order into llama.cpp's terms."""
    params = engine.CommonParams()
    params.model.path = order.path
    params.model_alias = {order.alias}
    params.hostnames, params.port = [_HOST], order.port
    params.api_keys = [order.api_key]
    params.n_parallel = order.slots
    params.n_ctx = order.context_tokens * order.slots  # shared out evenly between the slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = order.threads
    # A thread of the HTTP server stays with a connection, idle ones included: more than slots are needed.
    params.n_threads_http = order.slots + _HTTP_THREADS_SPARE
    params.n_gpu_layers = 0
    params.fit_params = False  # what was asked for, or an error; not what llama.cpp thinks fits
    params.no_extra_bufts = True  # no second, repacked copy of the weights
    params.cache_ram_mib = order.prompt_cache_mib
    params.embedding = order.embeddings
    # Nobody but the gateway has business here: no web page, no slots (they show prompts), no other origins.
    params.ui = params.endpoint_slots = params.endpoint_metrics = False
    params.cors_origins, params.cors_credentials = "", False
    params.verbosity = 1  # errors; below that, a file that does not load would give no reason
    return params


if __name__ == "__main__":
    sys.exit(main())
