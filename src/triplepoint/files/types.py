"""Walks along a pydantic type as an error's location does, to know what could have stood there.

Pydantic's locations hold more than keys: inside a union they name the branch that was tried (``upstreams.x.openai.base_url``).
The walk tells such names from keys, so that a problem shows the path that people wrote, and it finds the model whose keys were
allowed.
"""

import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a location led."""

    path: tuple[str | int, ...]
    """Keys and positions only."""
    owner: type[BaseModel] | None
    """Model whose key the last part of the path is."""
    field: FieldInfo | None
    """That key, where the model knows it."""


def locate(model: type[BaseModel], location: tuple[str | int, ...]) -> Spot:
    """Follow an error's location through a type."""
    path: list[str | int] = []
    current: Any = model
    owner: type[BaseModel] | None = None
    field: FieldInfo | None = None
    for part in location:
        branches = _union(current)
        if branches and (chosen := _branch(branches, part)) is not None:
            current = chosen
            continue
        path.append(part)
        owner, field, current = _step(current, part)
    return Spot(tuple(path), owner, field)


def allowed_kinds(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """Return the values of ``kind`` among the branches of the union at a location."""
    current: Any = model
    for part in location:
        branches = _union(current)
        chosen = _branch(branches, part) if branches else None
        current = chosen if chosen is not None else _step(current, part)[2]
    return [kind for branch in _union(current) for kind in _kinds(branch)]


def _bare(annotation: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation


def _union(annotation: Any) -> list[Any]:
    bare = _bare(annotation)
    if get_origin(bare) not in (Union, types.UnionType):
        return []
    return [nested for part in get_args(bare) if part is not type(None) for nested in (_union(part) or [_bare(part)])]


def _branch(branches: list[Any], part: str | int) -> Any | None:
    """The union's branch of that name, which only exists where there are several models to choose from."""
    if len(branches) < 2:
        return None
    return next((branch for branch in branches if part in _kinds(branch) or part == _name(branch)), None)


def _kinds(branch: Any) -> tuple[str, ...]:
    if not _is_model(branch) or "kind" not in branch.model_fields:
        return ()
    kind = _bare(branch.model_fields["kind"].annotation)
    return get_args(kind) if get_origin(kind) is Literal else ()


def _name(branch: Any) -> str:
    return getattr(branch, "__name__", "")


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _step(current: Any, part: str | int) -> tuple[type[BaseModel] | None, FieldInfo | None, Any]:
    bare = _bare(current)
    branches = _union(bare)
    if len(branches) == 1:  # an optional value
        bare = branches[0]
    if _is_model(bare):
        field = _field(bare.model_fields, part)
        return bare, field, None if field is None else field.annotation
    arguments = get_args(bare)
    return None, None, arguments[-1] if arguments else None


def _field(fields: Mapping[str, FieldInfo], part: str | int) -> FieldInfo | None:
    for name, field in fields.items():
        if part in (name, field.alias):
            return field
    return None
