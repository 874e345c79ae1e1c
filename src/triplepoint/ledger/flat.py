"""An attempt as one flat row of named columns, for files."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from triplepoint.foundation.usage import Usage
from triplepoint.ledger.model import AttemptRow
from triplepoint.ledger.routed import routed_json

COLUMNS = tuple(name for name in AttemptRow.__struct_fields__ if name != "usage") + tuple(
    "usage_source" if name == "source" else name for name in Usage.__struct_fields__
)
"""Names of the columns, in their order."""


def flat(row: AttemptRow) -> dict[str, Any]:
    """Spread an attempt out into columns; tags, notices and the decision stay structured."""
    values = msgspec.structs.asdict(row)
    usage = msgspec.structs.asdict(values.pop("usage"))
    usage["usage_source"] = usage.pop("source")
    return values | usage | {"routed": routed_json(row.routed, in_full=True)}


def portions(rows: Iterable[AttemptRow], size: int) -> Iterator[list[AttemptRow]]:
    """Cut rows into lists of a size, without holding more than one."""
    remaining = iter(rows)
    while portion := list(islice(remaining, size)):
        yield portion
