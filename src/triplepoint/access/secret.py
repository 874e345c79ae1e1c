"""The installation's secret: what turns a key into the digest that is kept.

It comes from the environment, where a fleet shares one, or from a file made at the first run and readable by its owner alone.
Who loses it loses every key and session (they are only kept as digests under it), so it belongs into the backup, apart from
the database.
"""

import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from triplepoint.foundation.errors import Problem, SettingsInvalid

SECRET_VARIABLE = "TRIPLEPOINT_SECRET"  # noqa: S105  (the name of a variable)
SECRET_FILE = "secret"  # noqa: S105  (the name of a file)
MIN_CHARACTERS = 32

_RANDOM_BYTES = 48


def installation_secret(data: Path, environ: Mapping[str, str]) -> bytes:
    """Return the secret of this installation, and make one if there is none.

    Args:
        data: Folder of keys, journal and ledger; made if missing, for its owner alone.
        environ: The environment; ``TRIPLEPOINT_SECRET`` goes before the file.
    Raises: SettingsInvalid: too short, empty, or readable by others.
    """
    given = environ.get(SECRET_VARIABLE)
    if given is not None:
        return _checked(given, where=SECRET_VARIABLE, key="", fix="openssl rand -base64 48")
    path = data / SECRET_FILE
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        _make(path)
    return _read(path)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all; one that exists is left and raises.

    Raises: FileExistsError: it exists.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # A link is exclusive like O_EXCL, but the name appears only once the content is there: two first runs at once agree on
        # the winner's, and a crash leaves no empty secret behind.
        os.link(draft, path)
    finally:
        draft.unlink()


def _make(path: Path) -> None:
    try:
        write_private(path, secrets.token_urlsafe(_RANDOM_BYTES) + "\n")
    except FileExistsError:
        return  # another first run was quicker; its secret is ours


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            message = f"the secret may be read by others (mode {mode:04o})"
            raise _problem(
                str(path), "", message, f"chmod 600 {path}; if others use this machine, consider the keys known to them"
            )
        content = file.read()
    return _checked(
        content.decode("utf-8", "replace"),
        where=str(path),
        key="",
        fix="restore it from the backup, or delete the file: all keys then have to be made anew",
    )


def _checked(text: str, *, where: str, key: str, fix: str) -> bytes:
    if len(text.strip()) < MIN_CHARACTERS:
        raise _problem(where, key, f"the secret has {len(text.strip())} characters; at least {MIN_CHARACTERS} are needed", fix)
    return text.strip().encode()


def _problem(file: str, key: str, message: str, fix: str) -> SettingsInvalid:
    return SettingsInvalid([Problem(file=file, line=0, key=key, message=message, fix=fix)])
