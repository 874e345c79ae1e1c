"""A secret that does not show itself.

Whatever prints, formats, pickles, copies into JSON or logs a `Secret` gets a mask or an error, never its text. Only `reveal`
gives the text, so that the few places which need it can be found by one search.
"""

import hmac
from typing import Never


class Secret:
    """Text that stays out of logs, errors and dumps."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text; call it where the secret is sent, nowhere else."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __str__(self) -> str:
        return "…"

    def __format__(self, format_spec: str) -> str:
        return "…"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce_ex__(self, protocol: object) -> Never:
        raise TypeError("a secret is not pickled; hand over the name of its environment variable instead")
