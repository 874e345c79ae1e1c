"""The content hash of a line-up: the same models, router, prices and upstreams give the same hash, on any machine.

It is taken over what the files mean, not over their bytes: comments, order of keys and ways to write a number do not count. The
order of models does, since weaker and stronger are said by it. Secrets and the names of their variables stay out, and so does
what an upstream takes in energy: it changes an estimate on the receipt, not what answers.
"""

import hashlib
from collections.abc import Mapping

import msgspec

from triplepoint.lineups.model import Lineup
from triplepoint.settings import Upstream

SHOWN = 12
"""Characters of the hash that people see, in headers, receipts and tables."""


def lineup_digest(lineup: Lineup, *, prices: Mapping[str, object], upstreams: Mapping[str, Upstream]) -> str:
    """Hash a line-up.

    Args:
        lineup: The line-up.
        prices: Rows that it uses, by name, as canonical JSON values.
        upstreams: Upstreams that it uses, by name.
    Returns: SHA-256, 64 hexadecimal characters.
    """
    content = {
        "lineup": _canonical(lineup),
        "prices": prices,
        "upstreams": {name: _plain(upstream) for name, upstream in upstreams.items()},
    }
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def _plain(upstream: Upstream) -> dict[str, object]:
    unsaid = {"region"} if upstream.region is None else set[str]()  # so that line-ups from before keep their hash
    return upstream.model_dump(mode="json", exclude={"api_key", "energy", *unsaid})


def _canonical(lineup: Lineup) -> dict[str, object]:
    plain = lineup.model_dump(mode="json")
    plain["models"] = list(plain["models"].items())  # as pairs, because sorting must not touch their order
    for _, model in plain["models"]:
        model["capabilities"].sort()
    return plain
