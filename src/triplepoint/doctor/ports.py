"""What the checks ask of the machine."""

from pathlib import Path
from typing import Protocol


class Machine(Protocol):
    """Facts of a machine; None or empty where it does not tell."""

    def python_version(self) -> tuple[int, int, int]:
        """Return the version of the running Python."""
        ...

    def architecture(self) -> str:
        """Return the processor's architecture, such as ``x86_64``."""
        ...

    def cpu_flags(self) -> frozenset[str] | None:
        """Return the features of the processor, such as ``avx2``."""
        ...

    def cores(self) -> int:
        """Return how many cores this process may use."""
        ...

    def available_memory_bytes(self) -> int | None:
        """Return memory that could be had without swapping."""
        ...

    def free_disk_bytes(self, folder: Path) -> int:
        """Return free space where a folder is, or would be.

        Raises: OSError: it cannot be told.
        """
        ...

    def open_files_limit(self) -> int:
        """Return how many files and connections this process may open."""
        ...

    def is_installed(self, module: str) -> bool:
        """Tell whether a module could be imported, without importing it."""
        ...

    def import_fault(self, module: str) -> str | None:
        """Import a module in a process of its own, so that one that crashes harms nobody.

        Returns: What went wrong; None: nothing.
        """
        ...

    def can_connect(self, host: str, port: int) -> bool:
        """Tell whether somebody accepts TCP connections there; waits a second at most."""
        ...

    def can_listen(self, host: str, port: int) -> bool:
        """Tell whether this process could listen there."""
        ...

    def listener(self, port: int) -> str | None:
        """Name the process that listens on a port of this machine: ``python (pid 4711)``."""
        ...
