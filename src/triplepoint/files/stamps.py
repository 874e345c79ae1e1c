"""Whether files are still the same, by name, time and size."""

from collections.abc import Iterable
from pathlib import Path

Stamp = tuple[tuple[str, int, int], ...]


def stamp_of(folder: Path, patterns: Iterable[str]) -> Stamp:
    """Return a stamp of the files in a folder that fit patterns; it is another one when a file is."""
    files = sorted({file for pattern in patterns for file in folder.glob(pattern)})
    return tuple((str(file), (found := file.stat()).st_mtime_ns, found.st_size) for file in files)
