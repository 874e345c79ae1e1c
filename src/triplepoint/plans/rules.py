"""What may be written about plans and money: amounts, reasons and moments, each refused with the reason and the way out."""

import re
from decimal import Decimal

from triplepoint.access.rules import LATEST_US, checked_text
from triplepoint.files.nearest import suggest
from triplepoint.foundation.errors import NotFound, RequestInvalid
from triplepoint.plans.amounts import is_whole
from triplepoint.plans.model import PlansFile, Unit

LONGEST_REASON = 300
LONGEST_KEY = 128
MAX_PRIORITY = 1000

_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,18})?", re.ASCII)
_MOST = Decimal(10) ** 12


def parse_amount(text: str, *, param: str) -> Decimal:
    """Read an amount such as ``2.50``; nothing in between is a float.

    Raises: RequestInvalid: it is not one.
    """
    if not _AMOUNT.fullmatch(text):
        raise RequestInvalid(f"{param} is digits with at most 18 decimals, such as 2.50; no sign, no exponent", param=param)
    return Decimal(text)


def checked_money(amount: Decimal) -> Decimal:
    """Return an amount of dollars above zero, exact in 10⁻¹⁸ dollars.

    Raises: RequestInvalid: it is not one.
    """
    _check_exact(amount, param="amount_usd")
    if amount <= 0:
        raise RequestInvalid("amount_usd is above 0; the kind of entry says which way it goes", param="amount_usd")
    return amount


def checked_limit(limit: Decimal, units: set[Unit]) -> Decimal:
    """Return the limit of an override in the unit of its quota; 0 is one.

    Raises: RequestInvalid: it is not one.
    """
    _check_exact(limit, param="limit")
    if limit < 0:
        raise RequestInvalid("limit is at least 0", param="limit")
    if limit != limit.to_integral_value() and any(map(is_whole, units)):
        raise RequestInvalid(f"this quota counts {', '.join(sorted(units))}; write a whole number", param="limit")
    return limit


def _check_exact(amount: Decimal, *, param: str) -> None:
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -18 or abs(amount) >= _MOST:
        raise RequestInvalid(f"{param} has at most 12 digits and 18 decimals", param=param)


def checked_reason(reason: str) -> str:
    """Return why somebody does it; required, for whoever reads the statement or the audit log later.

    Raises: RequestInvalid: as `access.rules.checked_text`.
    """
    return checked_text(reason, param="reason", longest=LONGEST_REASON)


def checked_idempotency_key(key: str | None) -> str | None:
    """Return the key under which the same request is the same entry; None: each is a new one.

    Raises: RequestInvalid: as `access.rules.checked_text`.
    """
    return None if key is None else checked_text(key, param="idempotency_key", longest=LONGEST_KEY)


def checked_priority(priority: int) -> int:
    """Return the priority of a grant.

    Raises: RequestInvalid: out of bounds.
    """
    if not 0 <= priority <= MAX_PRIORITY:
        raise RequestInvalid(f"priority is between 0 and {MAX_PRIORITY}; the smaller is burnt first", param="priority")
    return priority


def checked_start(start_us: int | None, now_us: int, *, param: str = "since_us") -> int:
    """Return from when something holds: now, or a moment to come.

    Raises: RequestInvalid: the moment has passed; what was billed by then must stay true.
    """
    if start_us is None:
        return now_us
    if start_us < now_us:
        raise RequestInvalid("this moment has passed, and the past is not rewritten; leave it out for now", param=param)
    return _checked_date(start_us, param=param)


def checked_end(end_us: int | None, start_us: int, *, param: str) -> int | None:
    """Return when something ends, which is after its beginning; None: never.

    Raises: RequestInvalid: it ends before it begins.
    """
    if end_us is None:
        return None
    if end_us <= start_us:
        raise RequestInvalid("this ends before it begins; write a later moment", param=param)
    return _checked_date(end_us, param=param)


def _checked_date(moment_us: int, *, param: str) -> int:
    if moment_us > LATEST_US:
        raise RequestInvalid("this moment is after the year 9999", param=param)
    return moment_us


def checked_plan(sold: PlansFile | None, plan: str) -> str:
    """Return the name of a plan that is sold.

    Raises: NotFound: it is not, with what is.
    """
    if sold is None:
        raise NotFound("there is no plans.yaml, so nothing is sold; write one beside triplepoint.yaml", param="plan")
    if plan not in sold.plans:
        raise NotFound(f"there is no plan of this name; {suggest(plan, sold.plans, 'plans')}", param="plan")
    return plan


def units_of(sold: PlansFile | None, quota: str) -> set[Unit]:
    """Return what the quotas of a name count, over all plans: a customer may be moved, and the override goes along.

    Raises: NotFound: no plan has one of this name, with those that there are.
    """
    plans = () if sold is None else sold.plans.values()
    units = {plan.quotas[quota].unit for plan in plans if quota in plan.quotas}
    if not units:
        names = dict.fromkeys(name for plan in plans for name in plan.quotas)
        raise NotFound(f"no plan has a quota of this name; {suggest(quota, names, 'quotas')}", param="quota")
    return units
