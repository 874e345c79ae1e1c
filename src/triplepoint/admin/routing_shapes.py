"""What calls about the router take."""

import json
from typing import Annotated, Any

from pydantic import Field

from triplepoint.admin.shapes import NO_NUL, Body, Text
from triplepoint.foundation.errors import RequestInvalid
from triplepoint.routing.enquiry import LONGEST_PROMPT, Enquiry
from triplepoint.upstreams.dialects.model import Dialect

_MOST_TAGS = 16
_Name = Annotated[str, Field(max_length=128, pattern=NO_NUL)]


class EnquiryBody(Body):
    """A request that is not sent; either ``prompt`` or ``request`` is there."""

    prompt: Annotated[str, Field(max_length=LONGEST_PROMPT)] | None = None
    """What a user would ask."""
    request: dict[str, Any] | None = None
    """A whole request body; a model other than auto is left aside."""
    dialect: Annotated[Dialect, Field(strict=False)] = Dialect.CHAT
    """Of the request body."""
    customer: Text | None = None
    """Id or name: its plan's models, floor, regions and dials; left out: nobody's plan bounds it."""
    thrift: Annotated[int, Field(ge=0, le=100)] | None = None
    """Dial of the request; left out: as the request has it, else the plan's, else the line-up's."""
    tags: Annotated[dict[_Name, Text], Field(default_factory=dict[str, str], max_length=_MOST_TAGS)]
    """Tags of the request, in place of those in its body."""
    served_before: _Name | None = None
    """Model that gave the conversation's last answer."""
    used_percent: Annotated[int, Field(ge=0, le=1000)] | None = None
    """As if so much of each quota of the customer's plan were used; left out: quotas are left aside."""

    def enquiry(self) -> Enquiry:
        """Return what is asked.

        Raises: RequestInvalid: the request is nested deeper than can be read.
        """
        return Enquiry(
            prompt=self.prompt,
            body=None if self.request is None else _written(self.request),
            dialect=self.dialect,
            customer=self.customer,
            thrift=self.thrift,
            tags=self.tags,
            served_before=self.served_before,
            used_percent=self.used_percent,
        )


def _written(request: dict[str, Any]) -> bytes:
    try:
        return json.dumps(request).encode()  # of any integer, which msgspec has only 64 bits for
    except RecursionError:
        raise RequestInvalid("the request is nested too deep to be read", param="request") from None
