"""A scorer as a file: a ``.safetensors`` container of arrays, with its card and its certificates as JSON in the metadata.

The container is written here, not by its library, because the library writes metadata in an order of chance and a scorer is
named by the hash of its bytes. It is read by the library, which checks that the tensors lie in the file. Weights of terms are
kept in 16 bits, memberships in 8 with one scale for each group.
"""

import hashlib
from collections.abc import Callable
from typing import Any, Final, cast

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors import deserialize as _deserialize  # pyright: ignore[reportUnknownVariableType]  # it has no types

from triplepoint.foundation.errors import ScorerInvalid
from triplepoint.routing.scorer.card import FORMAT, Card
from triplepoint.routing.scorer.tables import ARRAYS, Tables, faults_of

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of the largest file that is read."""
CERTIFICATES: Final = "certificates"
"""Key of the metadata under which certificates stand; what they say is `routing.guarantee`'s."""

_CARD: Final = "card"
_VOCABULARY: Final = "vocabulary"
_SCALE: Final = "membership_scale"
_TYPES: Final = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "I8": np.dtype("i1"), "U8": np.dtype("u1")}
_KEPT_AS: Final = {"quality": "F16", "length": "F16", "membership": "I8", _VOCABULARY: "U8"}
_ALIGNMENT: Final = 8

deserialize: Callable[[bytes], list[tuple[str, dict[str, Any]]]] = cast("Any", _deserialize)


class ScorerData(msgspec.Struct, frozen=True):
    """Everything that a scorer's file holds."""

    card: Card
    tables: Tables
    certificates: str
    """JSON; empty: none."""
    digest: str
    """SHA-256 of the file."""


def vocabulary_digest(vocabulary: tuple[str, ...]) -> str:
    """Hash a vocabulary, as the card names it."""
    return hashlib.sha256("\n".join(vocabulary).encode()).hexdigest()


def write_scorer(card: Card, tables: Tables, *, certificates: str = "") -> bytes:
    """Write a scorer; the same content gives the same bytes.

    Args:
        certificates: JSON of its certificates; empty: none.
    Raises: ScorerInvalid: the tables do not fit the card or are not sound.
    """
    faults = faults_of(tables, models=len(card.models), groups=len(card.groups))
    if vocabulary_digest(tables.vocabulary) != card.vocabulary_sha256:
        faults.append("the card names another vocabulary")
    if faults:
        raise ScorerInvalid(f"the scorer cannot be written: {'; '.join(faults)}")
    return _pack(_arrays_of(tables), {_CARD: msgspec.json.encode(card).decode(), CERTIFICATES: certificates})


def read_scorer(data: bytes) -> ScorerData:
    """Read and check a scorer's file.

    Raises: ScorerInvalid: it is not one, or not sound; the message says what is wrong and what to do.
    """
    if len(data) > LARGEST:
        raise _invalid(f"{len(data):,} bytes are more than {LARGEST:,}, the largest that is read")
    metadata = _read_metadata(data)
    card = _read_card(metadata)
    tables = _read_tables(_read_arrays(data))
    faults = faults_of(tables, models=len(card.models), groups=len(card.groups))
    if vocabulary_digest(tables.vocabulary) != card.vocabulary_sha256:
        faults.append("its vocabulary is another than the one that its weights were learnt for")
    if faults:
        raise _invalid("; ".join(faults))
    return ScorerData(card, tables, metadata.get(CERTIFICATES, ""), hashlib.sha256(data).hexdigest())


def with_certificates(data: bytes, certificates: str) -> bytes:
    """Return the same scorer with other certificates; every number stays as it is, bit for bit.

    Args:
        certificates: JSON; empty: none.
    Raises: ScorerInvalid: ``data`` is no scorer, or the certificates are no JSON.
    """
    read_scorer(data)
    if certificates and not _is_json(certificates):
        raise ScorerInvalid("the certificates are no JSON; nothing was changed")
    return _pack(_read_arrays(data), _read_metadata(data) | {CERTIFICATES: certificates})


def digest_without_certificates(data: bytes) -> str:
    """Hash a scorer as it was before it got certificates: what they are about.

    Raises: ScorerInvalid: it is no scorer.
    """
    return hashlib.sha256(with_certificates(data, "")).hexdigest()


def _invalid(what: str) -> ScorerInvalid:
    fix = "Take the file that the line-up was reviewed with, or train it anew"
    return ScorerInvalid(f"the scorer's file cannot be used: {what}. {fix}")


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return True


# Writing


def _arrays_of(tables: Tables) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {name: getattr(tables, name) for name in ARRAYS}
    scale = np.abs(tables.membership).max(axis=0, initial=0.0) / 127
    arrays["membership"] = np.rint(tables.membership / np.where(scale > 0, scale, 1))
    arrays[_SCALE] = scale
    arrays[_VOCABULARY] = np.frombuffer("\n".join(tables.vocabulary).encode(), dtype=np.uint8)
    return {name: np.ascontiguousarray(array, dtype=_TYPES[_KEPT_AS.get(name, "F32")]) for name, array in arrays.items()}


def _pack(arrays: dict[str, NDArray[Any]], metadata: dict[str, str]) -> bytes:
    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))}
    # Wide numbers first, so that each lies at a multiple of its size.
    names = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))
    at = 0
    for name in names:
        array = arrays[name]
        dtype = next(key for key, kind in _TYPES.items() if kind == array.dtype)
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": (at, at + array.nbytes)}
        at += array.nbytes
    head = msgspec.json.encode(header)
    head += b" " * (-len(head) % _ALIGNMENT)
    return b"".join((len(head).to_bytes(8, "little"), head, *(arrays[name].tobytes() for name in names)))


# Reading


class _Header(msgspec.Struct):
    metadata: dict[str, str] = msgspec.field(name="__metadata__", default_factory=dict[str, str])


def _read_metadata(data: bytes) -> dict[str, str]:
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > len(data) - 8:
        raise _invalid(f"it is cut off or no safetensors file ({len(data):,} bytes)")
    try:
        return msgspec.json.decode(data[8 : 8 + length], type=_Header).metadata
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _invalid(f"its header is damaged ({error})") from error


def _read_card(metadata: dict[str, str]) -> Card:
    if _CARD not in metadata:
        raise _invalid("it has no card: it is a safetensors file, but no scorer")
    try:
        version = msgspec.json.decode(metadata[_CARD], type=_Version).format
        if version != FORMAT:
            raise _invalid(f"it has format {version}, and this version of Triplepoint reads format {FORMAT}")
        card = msgspec.json.decode(metadata[_CARD], type=Card)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _invalid(f"its card is damaged ({error})") from error
    if not card.models or len(set(card.models)) < len(card.models) or len(set(card.groups)) < len(card.groups):
        raise _invalid("its card names no models, or a model or group twice")
    return card


class _Version(msgspec.Struct):
    format: int


def _read_arrays(data: bytes) -> dict[str, NDArray[Any]]:
    try:
        tensors = deserialize(data)
    except SafetensorError as error:
        raise _invalid(f"its tensors are damaged ({error})") from error
    arrays = {name: _read_array(name, tensor) for name, tensor in tensors}
    wanted = {*ARRAYS, _SCALE, _VOCABULARY}
    if set(arrays) != wanted:
        raise _invalid(f"tensors are missing or unknown: {', '.join(sorted(wanted ^ set(arrays)))}")
    return arrays


def _read_array(name: str, tensor: Any) -> NDArray[Any]:
    wanted = _KEPT_AS.get(name, "F32")
    if tensor["dtype"] != wanted:
        raise _invalid(f"tensor {name} is of type {tensor['dtype']} instead of {wanted}")
    return np.frombuffer(tensor["data"], dtype=_TYPES[wanted]).reshape(tensor["shape"])


def _read_tables(arrays: dict[str, NDArray[Any]]) -> Tables:
    membership, scale = arrays["membership"], arrays[_SCALE]
    if membership.ndim != 2 or scale.shape != membership.shape[1:]:
        raise _invalid(f"tensor {_SCALE} does not fit tensor membership")
    floats = {name: arrays[name].astype(np.float32) for name in ARRAYS}
    floats["membership"] *= scale
    try:
        text = arrays[_VOCABULARY].tobytes().decode()
    except UnicodeDecodeError as error:
        raise _invalid("its vocabulary is damaged (not UTF-8)") from error
    return Tables(vocabulary=tuple(text.split("\n")) if text else (), **floats)
