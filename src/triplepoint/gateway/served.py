"""The headers by which an answer says which model gave it, and on what terms."""

from triplepoint.gateway.admitted import Admitted
from triplepoint.gateway.arrival import Arrival
from triplepoint.gateway.crossing import told
from triplepoint.gateway.explain import explanation
from triplepoint.gateway.wire import HeaderList


def add_served_headers(headers: HeaderList, admitted: Admitted, arrival: Arrival, now_us: int) -> None:
    """Add to an answer's headers what they say of the model that was chosen.

    Args:
        headers: Of the answer.
        admitted: What the request was let in on.
        arrival: The request, as it came.
        now_us: Wall clock, for retirements.
    """
    choice = admitted.choice
    route = choice.route
    if admitted.notices:
        headers.append((b"x-triplepoint-notice", told("; ".join(admitted.notices))))
    headers += choice.lineup.headers
    headers.append(route.header)
    if arrival.is_explained:
        headers += explanation(choice)
    if route.ending is not None and route.ending.is_told(now_us):
        headers += route.ending.headers
