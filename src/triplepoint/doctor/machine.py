"""The facts of the machine that this process runs on, from the kernel's own files."""

import errno
import importlib.util
import os
import platform
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_CONNECT_S: Final = 1.0
_IMPORT_S: Final = 60.0
_LISTENING: Final = "0A"
"""State of a listening socket in ``/proc/net/tcp``."""


class ThisMachine:
    """Implements `ports.Machine`.

    Args:
        proc: Where the kernel's files are.
    """

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc

    def python_version(self) -> tuple[int, int, int]:
        """Return the version of the running Python."""
        return sys.version_info[:3]

    def architecture(self) -> str:
        """Return the processor's architecture."""
        return platform.machine()

    def cpu_flags(self) -> frozenset[str] | None:
        """Return the features of the first processor; all are alike."""
        for line in self._lines("cpuinfo"):
            name, _, value = line.partition(":")
            if name.strip() in {"flags", "Features"}:
                return frozenset(value.split())
        return None

    def cores(self) -> int:
        """Return how many cores this process may use."""
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    def available_memory_bytes(self) -> int | None:
        """Return memory that could be had without swapping."""
        for line in self._lines("meminfo"):
            name, _, value = line.partition(":")
            if name == "MemAvailable":
                return int(value.split()[0]) * 1024
        return None

    def free_disk_bytes(self, folder: Path) -> int:
        """Return free space where a folder is, or would be."""
        existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
        return shutil.disk_usage(existing).free

    def open_files_limit(self) -> int:
        """Return how many files and connections this process may open."""
        return resource.getrlimit(resource.RLIMIT_NOFILE)[0]

    def is_installed(self, module: str) -> bool:
        """Tell whether a module could be imported, without importing it."""
        return importlib.util.find_spec(module) is not None

    def import_fault(self, module: str) -> str | None:
        """Import a module in a process of its own."""
        try:
            done = subprocess.run(  # noqa: S603 (our own interpreter, and a module's name from our own code)
                [sys.executable, "-c", f"import {module}"], capture_output=True, text=True, timeout=_IMPORT_S, check=False
            )
        except subprocess.TimeoutExpired:
            return f"the import took more than {_IMPORT_S:.0f} s"
        if done.returncode < 0:
            return f"the import died of signal {-done.returncode}"
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return None if done.returncode == 0 else last

    def can_connect(self, host: str, port: int) -> bool:
        """Tell whether somebody accepts TCP connections there."""
        try:
            with socket.create_connection((host, port), timeout=_CONNECT_S):
                return True
        except OSError:
            return False

    def can_listen(self, host: str, port: int) -> bool:
        """Tell whether this process could listen there."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((host, port))
                sock.listen()
            except OSError as error:
                if error.errno in {errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL}:
                    return False
                raise
        return True

    def listener(self, port: int) -> str | None:
        """Name the process that listens on a port, as far as this user may see it."""
        inodes = set(self._listening_inodes(port))
        for process in self._proc.glob("[0-9]*") if inodes else ():
            if any(inode in inodes for inode in _socket_inodes(process)):
                return f"{_name(process)} (pid {process.name})"
        return None

    def _listening_inodes(self, port: int) -> Iterator[str]:
        for table in ("net/tcp", "net/tcp6"):
            for line in list(self._lines(table))[1:]:
                fields = line.split()
                if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    yield f"socket:[{fields[9]}]"

    def _lines(self, name: str) -> list[str]:
        try:
            return (self._proc / name).read_text("utf-8", "replace").splitlines()
        except OSError:
            return []


def _socket_inodes(process: Path) -> Iterator[str]:
    try:
        for descriptor in (process / "fd").iterdir():
            yield str(descriptor.readlink())
    except OSError:  # the process has ended, or belongs to someone else
        return


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text("utf-8", "replace").strip()
    except OSError:
        return "a process"
