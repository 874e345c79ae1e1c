"""The dials of a request: who may turn which.

A dial is there where the router of the line-up that serves has it, and a plan may leave it out. A caller that turns one which
is not there is told so, whatever model it asks for: what was set in vain must not look set. Where the dial is there and the
caller names the model, it has nothing left to decide and changes nothing; so a client may send it with every call.
"""

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.gateway.snapshot import LineupRoutes
from triplepoint.plans.terms import Terms

_THRIFT = "triplepoint.thrift"


def refuse_vain_thrift(lineup: LineupRoutes, terms: Terms) -> None:
    """Refuse the dial where it is not there.

    Raises: RequestInvalid.
    """
    if lineup.router is None or not lineup.router.takes_thrift:
        raise RequestInvalid(
            f"The line-up {lineup.name} offers no such dial: its router weighs no cost. Leave it out.",
            param=_THRIFT,
            code="unknown_control",
        )
    if terms.dials is not None and "thrift" not in terms.dials:
        raise RequestInvalid(
            f"The plan {terms.plan} does not include this dial. Leave it out.", param=_THRIFT, code="dial_not_entitled"
        )
