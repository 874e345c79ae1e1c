"""Files at an address (a model hub, an operator's own server) or at a path: copied, and gone on with where it broke off."""

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from triplepoint.foundation.errors import RequestInvalid, UpstreamFault
from triplepoint.upstreams.local.assembly import Assembly
from triplepoint.upstreams.local.cache import BLOCK_BYTES

_CHECKPOINT_BYTES = 64 * BLOCK_BYTES
_TIMEOUT_S = 30.0
_TRIES = 5
"""In a row without a new byte."""

OnDone = Callable[[int], None]
"""Told how many bytes of the whole have come so far; whatever it raises stops the fetching."""


def fetch_url(url: str, assembly: Assembly, *, on_done: OnDone, pause_s: float = 1.0) -> None:
    """Append what the assembly lacks from an address; asks for the rest only, and again when the connection breaks.

    Args:
        url: ``http`` or ``https``.
        assembly: The growing file.
        on_done: Told of progress.
        pause_s: Seconds before the second try; doubles with each further one that brings nothing.
    Raises:
        RequestInvalid: the address is none.
        UpstreamFault: refused, or broken off again and again; what came is kept.
    """
    if not url.startswith(("http://", "https://")):
        raise RequestInvalid(f"{url!r} is not an address; give one that begins with https:// or the path of a file")
    barren = 0
    while True:
        before = assembly.size_bytes
        try:
            return _append_rest(url, assembly, on_done)
        except urllib.error.HTTPError as refusal:
            refusal.close()
            raise UpstreamFault(f"the server said {refusal.code} {refusal.reason}", code="model_unreachable") from refusal
        except urllib.error.URLError as fault:
            raise UpstreamFault(f"it cannot be reached: {fault.reason}", code="model_unreachable") from fault
        except (ConnectionError, TimeoutError, http.client.HTTPException) as fault:
            barren = 0 if assembly.size_bytes > before else barren + 1
            if barren >= _TRIES:
                raise UpstreamFault(f"the connection broke off: {fault}", code="model_unreachable") from fault
            time.sleep(pause_s * 2**barren)


def _append_rest(url: str, assembly: Assembly, on_done: OnDone) -> None:
    request = urllib.request.Request(url, headers={"range": f"bytes={assembly.size_bytes}-"})  # noqa: S310 scheme checked above
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 as above
        if answer.status != http.HTTPStatus.PARTIAL_CONTENT and assembly.size_bytes:
            assembly.restart()  # the server gives the whole or nothing
        end = assembly.size_bytes + int(answer.headers.get("content-length") or 0)
        _append(answer.read, assembly, on_done)
        if assembly.size_bytes < end:  # urllib takes a short body for a whole one
            raise ConnectionResetError(f"{end - assembly.size_bytes} bytes are missing")


def fetch_file(path: Path, assembly: Assembly, *, on_done: OnDone) -> None:
    """Append what the assembly lacks from a file.

    Raises: UpstreamFault: it cannot be read.
    """
    try:
        with path.expanduser().open("rb") as file:
            file.seek(assembly.size_bytes)
            _append(file.read, assembly, on_done)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as fault:
        raise UpstreamFault(f"{path} cannot be read: {fault.strerror}", code="model_unreachable") from fault


def _append(read: Callable[[int], bytes], assembly: Assembly, on_done: OnDone) -> None:
    unsaved = 0
    try:
        while block := read(BLOCK_BYTES):
            assembly.write(block)
            on_done(assembly.size_bytes)
            unsaved += len(block)
            if unsaved >= _CHECKPOINT_BYTES:
                assembly.checkpoint(pieces=0)
                unsaved = 0
    finally:
        assembly.checkpoint(pieces=0)
