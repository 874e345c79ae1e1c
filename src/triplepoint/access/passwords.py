"""Operators' passwords: argon2id, with parameters that travel inside each hash and are renewed at the next login.

A check is dear on purpose (64 MiB, and more than a tenth of a second on two shared cores), so only a few run at once: logins
sent in a flood wait for each other instead of taking the machine's memory. Who asks for a name that does not exist waits as
long as who has the password wrong.
"""

import secrets
import string
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.foundation.secret import Secret

MIN_CHARACTERS = 12
MAX_CHARACTERS = 512  # argon2 would take 4 GiB of them

_AT_ONCE = 2
_LETTERS_AND_DIGITS = string.ascii_letters + string.digits


class Passwords:
    """Hashes and checks passwords.

    Args:
        hasher: Parameters of argon2; the default is RFC 9106's choice for machines with little memory.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._room = threading.BoundedSemaphore(_AT_ONCE)
        self._decoy: str | None = None

    def hash(self, password: str) -> str:
        """Hash a password, salted; the text says how, and fits into a column.

        Raises: RequestInvalid: too short to be one, or absurdly long.
        """
        if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
            raise RequestInvalid(
                f"a password has {MIN_CHARACTERS} to {MAX_CHARACTERS} characters; a few words in a row are easy to remember",
                param="password",
            )
        with self._room:
            return self._hasher.hash(_encoded(password))

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Check a password; as slow for an unknown operator (no hash) as for a known one, and then never right."""
        decoy = self._decoy_hash()
        if len(password) > MAX_CHARACTERS:
            password, password_hash = password[:MAX_CHARACTERS], None
        with self._room:
            try:
                self._hasher.verify(password_hash or decoy, _encoded(password))
            except (VerificationError, InvalidHashError):
                return False
        return password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Tell whether a hash was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(password_hash)

    def _decoy_hash(self) -> str:
        # Made at the first check of all, whoever it is for, so that no later one is slower than another.
        if self._decoy is None:
            self._decoy = self._hasher.hash(secrets.token_bytes(32))
        return self._decoy


def _encoded(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def make_password() -> Secret:
    """Make a password for a person to copy: 24 letters and digits, 142 bits."""
    return Secret("".join(secrets.choice(_LETTERS_AND_DIGITS) for _ in range(24)))
