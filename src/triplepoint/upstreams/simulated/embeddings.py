"""Embeddings: for each text a vector of length 1 that is drawn from it, so equal texts lie together and others do not."""

import array
import base64
import math
import sys
from typing import Any

import msgspec

from triplepoint.upstreams.simulated.ask import Ask
from triplepoint.upstreams.simulated.draws import draw
from triplepoint.upstreams.simulated.model import Counts


def embeddings_body(ask: Ask, usage: Counts | None, *, dimensions: int, seed: int) -> bytes:
    """Write the answer to an embeddings request.

    Args:
        usage: What is reported; None: nothing.
        dimensions: Length of a vector where the request says nothing.
        seed: The script's seed.
    """
    length = min(ask.dimensions or dimensions, 4096)
    data: list[dict[str, Any]] = []
    for index, text in enumerate(ask.texts):
        vector = embed(text, length, seed=seed)
        data.append({"object": "embedding", "index": index, "embedding": _packed(vector) if ask.in_base64 else vector})
    body: dict[str, Any] = {"object": "list", "model": ask.model, "data": data}
    if usage is not None:
        body["usage"] = {"prompt_tokens": usage.input_tokens, "total_tokens": usage.input_tokens}
    return msgspec.json.encode(body)


def embed(text: str, length: int, *, seed: int) -> list[float]:
    """Draw the vector of a text: ``length`` numbers, Euclidean norm 1."""
    raw = [2 * draw(seed, "embedding", text, index) - 1 for index in range(max(1, length))]
    norm = math.sqrt(sum(value * value for value in raw)) or 1.0
    return [value / norm for value in raw]


def _packed(vector: list[float]) -> str:
    """Pack as little-endian 32-bit floats in base 64, as the official client asks for."""
    packed = array.array("f", vector)
    if sys.byteorder == "big":
        packed.byteswap()
    return base64.b64encode(packed.tobytes()).decode()
