"""Writes ``requirements.lock`` and ``requirements-dev.lock``: every package that is installed, by exact version and hashes.

Run ``python tools/locks.py`` after a change to the dependencies in ``pyproject.toml``; ``--upgrade`` takes the newest versions
that fit. The resolver is ``uv``, found on the PATH or named by the environment variable ``UV``. The files hold for every
platform and hold no download address: which index serves a package is the affair of the machine that installs it, the hash is
ours. ``pip install --require-hashes -r`` reads them, so that nobody but the one who runs this needs uv.

The development lock is written under the runtime lock as constraint: installing it over the other changes no version.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
RUNTIME = ROOT / "requirements.lock"
DEVELOPMENT = ROOT / "requirements-dev.lock"
EXTRAS = ("local", "parquet", "otel", "pdf", "postgres", "route", "valkey")
OLDEST_PYTHON = "3.11"


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    arguments = parser.parse_args()
    uv = find_uv()
    more = ["--upgrade"] if arguments.upgrade else []
    write(uv, RUNTIME, ["--group", "build", *more])
    write(uv, DEVELOPMENT, ["--group", "dev", "--constraint", RUNTIME.name, *more])


def find_uv() -> str:
    """Return the resolver's path."""
    uv = shutil.which(os.environ.get("UV") or "uv")
    if uv is None:
        sys.exit("uv is not on the PATH: install it (pip install uv), or name it with UV=/path/to/uv")
    return uv


def write(uv: str, lock: Path, arguments: list[str]) -> None:
    """Resolve the dependencies with all extras and the given groups into a file, and say how many packages it pins."""
    extras = [part for extra in EXTRAS for part in ("--extra", extra)]
    form = [
        "--universal",
        "--python-version",
        OLDEST_PYTHON,
        "--generate-hashes",
        "--no-annotate",
        "--no-header",
        "--fork-strategy",
        "fewest",
    ]
    command = [uv, "pip", "compile", "pyproject.toml", *extras, *form, "--no-emit-index-url", "--quiet", *arguments]
    subprocess.run([*command, "--output-file", lock.name], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    pins = sum("==" in line for line in lock.read_text(encoding="utf-8").splitlines())
    sys.stdout.write(f"{lock.name}: {pins} packages\n")


if __name__ == "__main__":
    main()
