"""The price book, to read: what held on a day, and all that a model ever cost."""

import datetime
from typing import Annotated

from fastapi import Query, Response

from triplepoint.admin.routes.common import Services, guarded_router, json_answer
from triplepoint.admin.shapes import NO_NUL
from triplepoint.files.nearest import suggest
from triplepoint.foundation.errors import NotFound
from triplepoint.pricing.names import Unresolved
from triplepoint.pricing.price import Price, canonical_row

router = guarded_router("prices")

Day = Annotated[datetime.date | None, Query(description="Day (UTC), as YEAR-MONTH-DAY; today without.")]


@router.get("/api/prices")
def list_prices(
    services: Services,
    provider: Annotated[str | None, Query(max_length=128, pattern=NO_NUL, description="Only models of this provider.")] = None,
    at: Day = None,
) -> Response:
    """List the prices in force on a day: US dollars for a million tokens, exact."""
    book, day = services.prices(), at or _today()
    providers = dict.fromkeys(name.partition("/")[0] for name in book.models())
    if provider is not None and provider not in providers:
        raise NotFound(f"the price book has no such provider; {suggest(provider, providers, 'providers')}", param="provider")
    wanted = [name for name in book.models() if provider is None or name.startswith(f"{provider}/")]
    prices = [_plain(price) for name in wanted if (price := book.price(name, day)) is not None]
    return json_answer({"digest": book.digest, "at": day.isoformat(), "prices": prices})


@router.get("/api/price")
def show_price(
    services: Services,
    model: Annotated[str, Query(max_length=128, pattern=NO_NUL, description="PROVIDER/MODEL, or a name that means one.")],
    at: Day = None,
) -> Response:
    """Show the price of a model on a day, also of the past, and all prices that it ever had."""
    book, day = services.prices(), at or _today()
    found = book.resolve(model, day)
    if isinstance(found, Unresolved):
        others = found.candidates or tuple(book.models())
        raise NotFound(f"no one model of the price book is called so; {suggest(model, others, 'models')}", param="model")
    price = book.price(found.model, day)
    return json_answer(
        {
            "model": found.model,
            "taken_because": found.how or None,
            "at": day.isoformat(),
            "price": None if price is None else _plain(price),
            "history": [_plain(one) for one in book.history(found.model)],
        }
    )


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()


def _plain(price: Price) -> dict[str, object]:
    row = price.row
    return {"id": price.id, **canonical_row(row), "also": row.also, "excludes": row.excludes, "evidence": row.evidence}
