"""What every handler is given."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from triplepoint.access.model import Actor
from triplepoint.access.rules import LATEST_US
from triplepoint.admin.guard import GuardedRoute, Visitor
from triplepoint.admin.ports import AdminServices
from triplepoint.admin.shapes import NO_NUL
from triplepoint.foundation.errors import NotAuthenticated


def guarded_router(tag: str) -> APIRouter:
    """Make a router whose every route is guarded."""
    return APIRouter(route_class=GuardedRoute, tags=[tag])


async def _services(request: Request) -> AdminServices:
    services: AdminServices = request.app.state.services
    return services


async def _visitor(request: Request) -> Visitor:
    visitor: Visitor | None = request.state.visitor
    if visitor is None:
        raise NotAuthenticated("log in first", code="not_authenticated")
    return visitor


async def _actor(request: Request) -> Actor:
    return (await _visitor(request)).operator.actor()


Services = Annotated[AdminServices, Depends(_services)]
CurrentVisitor = Annotated[Visitor, Depends(_visitor)]
CurrentActor = Annotated[Actor, Depends(_actor)]
Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.@+-]{1,128}$")]
"""An id, or an operator's name."""
Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many.")]
Customer = Annotated[str | None, Query(max_length=128, pattern=NO_NUL, description="Of this customer, by id or name.")]
OptionalMoment = Annotated[int | None, Query(ge=0, le=LATEST_US, description="Microseconds since 1970, UTC.")]


def json_answer(value: object, *, status: int = 200) -> Response:
    """Answer with what msgspec encodes: the structs of the ledger, of plans and of telemetry."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")
