"""Puts a set of files into a folder: all of them, or none."""

from collections.abc import Mapping
from pathlib import Path

from triplepoint.foundation.errors import Conflict


def write_files(folder: Path, files: Mapping[str, str], *, force: bool) -> list[Path]:
    """Write files.

    Args:
        folder: Where; it is made if need be.
        files: Text by path from the folder.
        force: Overwrite what is there.
    Returns: What was written.
    Raises: Conflict: something is there already; nothing was written.
    """
    there = [name for name in files if (folder / name).exists()]
    if there and not force:
        raise Conflict(f"nothing was written, since this is there already: {', '.join(there)}; --force overwrites it")
    written: list[Path] = []
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".new")  # renamed when whole, so that a crash leaves the old file or the new one
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
        written.append(path)
    return written
