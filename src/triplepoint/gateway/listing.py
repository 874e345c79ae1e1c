"""Lists the models that a key may call, in the shape of the client that asks."""

import msgspec

from triplepoint.gateway.choice import find_model, may_call, unknown_model
from triplepoint.gateway.snapshot import KeyGrant, LineupRoutes, ModelRoute, Snapshot
from triplepoint.ledger.receipts import moment_text
from triplepoint.upstreams.dialects.model import Dialect

_encode = msgspec.json.Encoder().encode


def list_models(snapshot: Snapshot, grant: KeyGrant, dialect: Dialect) -> bytes:
    """Return the body of ``GET /v1/models``: models first, weakest first, then aliases and ``auto``."""
    entries = [entry for name in snapshot.names.plain if (entry := _describe(name, snapshot, grant, dialect)) is not None]
    if dialect is Dialect.MESSAGES:
        first, last = (entries[0]["id"], entries[-1]["id"]) if entries else (None, None)
        return _encode({"data": entries, "has_more": False, "first_id": first, "last_id": last})
    return _encode({"object": "list", "data": entries})


def show_model(name: str, snapshot: Snapshot, grant: KeyGrant, dialect: Dialect) -> bytes:
    """Return the body of ``GET /v1/models/{name}``; pins are shown too.

    Raises: NotFound: no such model for this key.
    """
    entry = _describe(name, snapshot, grant, dialect)
    if entry is None:
        raise unknown_model(name)
    return _encode(entry)


def _describe(name: str, snapshot: Snapshot, grant: KeyGrant, dialect: Dialect) -> dict[str, object] | None:
    """Describe a name; None where the key may not call it."""
    lineup, route, _ = find_model(name, snapshot)
    if route is not None:
        return _entry(name, route, lineup, snapshot.made_us, dialect) if may_call(grant, route) else None
    if any(may_call(grant, one) for one in lineup.models.values()):
        return _entry(name, None, lineup, snapshot.made_us, dialect)
    return None


def _entry(name: str, route: ModelRoute | None, lineup: LineupRoutes, made_us: int, dialect: Dialect) -> dict[str, object]:
    """Describe one name; ``route`` is None for ``auto``."""
    about = route.model.about if route is not None else "The router chooses for each request."
    if dialect is Dialect.MESSAGES:
        return {"type": "model", "id": name, "display_name": name, "created_at": moment_text(made_us)}
    entry: dict[str, object] = {
        "id": name,
        "object": "model",
        "created": made_us // 1_000_000,
        "owned_by": "triplepoint",
        "lineup": lineup.name,
        "status": "active",
        "retires_at": None,
        "about": about,
    }
    if route is not None:
        entry["serves"] = route.name
        entry["context_tokens"] = route.model.context_tokens
        entry["max_output_tokens"] = route.model.max_output_tokens
        entry["capabilities"] = sorted(capability.value for capability in route.capabilities)
    return entry
