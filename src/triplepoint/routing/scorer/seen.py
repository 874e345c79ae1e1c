"""Which prompts a scorer was trained on, in a few kilobytes: enough to tell what part of other prompts it has seen.

Of the hashes of all prompts the smallest are kept. Of other prompts those with a hash as small are looked up: they are a fair
sample of them, for a hash knows nothing of its prompt.

Source: Beyer, Haas, Reinwald, Sismanis and Gemulla 2007, doi 10.1145/1247480.1247504 (synopses of k minimum values); here for
the share of one set that lies in another.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from typing import Final

KEPT: Final = 1024
"""Hashes of a sketch; a set with fewer prompts is kept whole."""
_BYTES: Final = 8
_OTHER: Final = re.compile(r"\W+")


def sketch_of(prompts: Iterable[str], *, onto: str = "") -> str:
    """Return a sketch of prompts, in base64. Prompts that differ in case, spaces or punctuation only are one.

    Args:
        onto: Sketch of further prompts, that are to be in it too.
    Raises: ValueError: ``onto`` is no sketch.
    """
    return base64.b64encode(b"".join(sorted(_hashes(prompts).union(_read(onto)))[:KEPT])).decode()


def seen_share(sketch: str, prompts: Iterable[str]) -> float:
    """Estimate what share of these prompts is among those of a sketch; 0 where the sketch is empty or no prompt can be looked
    up.

    Raises: ValueError: it is no sketch.
    """
    kept = _read(sketch)
    hashes = _hashes(prompts)
    looked_up = hashes if len(kept) < KEPT else {one for one in hashes if one <= kept[-1]}
    return len(looked_up.intersection(kept)) / len(looked_up) if looked_up else 0.0


def _read(sketch: str) -> list[bytes]:
    data = base64.b64decode(sketch, validate=True)
    kept = [data[at : at + _BYTES] for at in range(0, len(data), _BYTES)]
    if len(data) % _BYTES or kept != sorted(kept):
        raise ValueError("this is no sketch of prompts")
    return kept


def _hashes(prompts: Iterable[str]) -> set[bytes]:
    return {_hash(prompt) for prompt in prompts if prompt.strip()}


def _hash(prompt: str) -> bytes:
    words = _OTHER.sub(" ", prompt.lower()).strip() or prompt.strip()
    return hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest()
