"""Packages that only some installations have: loaded where they are needed, and asked for in words where they are missing."""

import importlib
from typing import Any

from triplepoint.foundation.errors import RequestInvalid


def load_extra(module: str, need: str, *, extra: str, otherwise: str = "", param: str | None = None) -> Any:
    """Load a module of an extra.

    Args:
        module: Its full name.
        need: What needs which package: ``Parquet needs pyarrow``.
        extra: Of ours, that has it.
        otherwise: What would do without it, after a comma.
        param: What asked for it.
    Raises: RequestInvalid: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise RequestInvalid(
            f"{need}, which is not installed; pip install 'triplepoint[{extra}]'{otherwise}", param=param, code="extra_missing"
        ) from error
