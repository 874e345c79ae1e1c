"""Lists the models that a key may call, in the shape of the client that asks."""

from dataclasses import dataclass

import msgspec

from triplepoint.gateway.choice import find_model, is_offered, unknown_model
from triplepoint.gateway.eligible import eligible, in_regions, may_call
from triplepoint.gateway.retirement import Ending
from triplepoint.gateway.snapshot import KeyGrant, LineupRoutes, ModelRoute, Snapshot
from triplepoint.ledger.receipts import moment_text
from triplepoint.plans.terms import Terms
from triplepoint.upstreams.dialects.model import Dialect

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: a key on its customer's plan."""

    grant: KeyGrant
    terms: Terms

    @classmethod
    def of(cls, snapshot: Snapshot, grant: KeyGrant, now_us: int) -> "Viewer":
        """Find the plan of a key.

        Raises: NotEntitled: its customer is on none.
        """
        return cls(grant, snapshot.terms.of(grant.customer_id, grant.key_id, now_us))


def list_models(snapshot: Snapshot, viewer: Viewer, dialect: Dialect, now_us: int) -> bytes:
    """Return the body of ``GET /v1/models``: models first, weakest first, then aliases and ``auto``; none that is retired."""
    found = (_find(name, snapshot, viewer, now_us) for name in snapshot.names.plain)
    entries = [_entry(one, snapshot.made_us, dialect) for one in found if one is not None and not one.is_gone]
    if dialect is Dialect.MESSAGES:
        first, last = (entries[0]["id"], entries[-1]["id"]) if entries else (None, None)
        return _encode({"data": entries, "has_more": False, "first_id": first, "last_id": last})
    return _encode({"object": "list", "data": entries})


def show_model(name: str, snapshot: Snapshot, viewer: Viewer, dialect: Dialect, now_us: int) -> bytes:
    """Return the body of ``GET /v1/models/{name}``; pins are shown too.

    Raises:
        NotFound: no such model for this key.
        Retired: its notice has run out.
    """
    found = _find(name, snapshot, viewer, now_us)
    if found is None:
        raise unknown_model(name)
    if found.ending is not None and found.is_gone:
        raise found.ending.gone()
    return _encode(_entry(found, snapshot.made_us, dialect))


@dataclass(frozen=True, slots=True)
class _Listed:
    """A name that a key may call, and what is behind it."""

    name: str
    lineup: LineupRoutes
    route: ModelRoute | None
    """None: the router decides."""
    now_us: int

    @property
    def ending(self) -> Ending | None:
        """Its retirement, once callers are told of it."""
        ending = self.route.ending if self.route is not None else None
        return ending if ending is not None and ending.is_told(self.now_us) else None

    @property
    def is_gone(self) -> bool:
        """Tell whether it is retired."""
        return self.route is not None and not is_offered(self.route, self.now_us)


def _find(name: str, snapshot: Snapshot, viewer: Viewer, now_us: int) -> _Listed | None:
    """Look a name up; None where the key may not call it."""
    asked = find_model(name, snapshot)
    lineup, route = asked.lineup, asked.route
    grant, terms = viewer.grant, viewer.terms
    if route is None:
        may = bool(eligible(lineup, grant, terms).routes)
    else:
        may = may_call(grant, terms, route) and in_regions(lineup, route, terms) is not None
    return _Listed(name, lineup, route, now_us) if may else None


def _entry(one: _Listed, made_us: int, dialect: Dialect) -> dict[str, object]:
    """Describe a name."""
    route, ending = one.route, one.ending
    if dialect is Dialect.MESSAGES:
        return {"type": "model", "id": one.name, "display_name": one.name, "created_at": moment_text(made_us)}
    entry: dict[str, object] = {
        "id": one.name,
        "object": "model",
        "created": made_us // 1_000_000,
        "owned_by": "triplepoint",
        "lineup": one.lineup.name,
        "status": "active" if ending is None else "retiring",
        "retires_at": None if ending is None else ending.retires_at,
        "successor": None if ending is None else ending.successor,
        "about": route.model.about if route is not None else "The router chooses for each request.",
    }
    if route is not None:
        entry["serves"] = route.name
        entry["context_tokens"] = route.model.context_tokens
        entry["max_output_tokens"] = route.model.max_output_tokens
        entry["capabilities"] = sorted(capability.value for capability in route.capabilities)
    return entry
