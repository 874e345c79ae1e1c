"""What somebody asks of the router without sending it, and what is answered: one shape for command line, API and console."""

from collections.abc import Mapping
from typing import Final

import msgspec

from triplepoint.routing.model import Explanation
from triplepoint.upstreams.dialects.model import Dialect

LONGEST_PROMPT: Final = 200_000
"""Characters of a prompt that is asked about; longer ones are given as a request body."""
LARGEST_BODY: Final = 1024 * 1024
"""Bytes of a request body that is asked about."""


class Enquiry(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is not sent, and whose it would be; either ``prompt`` or ``body`` is there."""

    prompt: str | None = None
    """What a user would ask."""
    body: bytes | None = None
    """A whole request body, JSON."""
    dialect: Dialect = Dialect.CHAT
    customer: str | None = None
    """Id or name; None: nobody's plan bounds it."""
    thrift: int | None = None
    """Dial of the request; None: as its body has it, else the plan's, else the line-up's."""
    tags: Mapping[str, str] = {}
    """Tags of the request; they take the place of those in its body."""
    served_before: str | None = None
    """Model that gave the conversation's last answer."""
    used_percent: int | None = None
    """As if so much of each quota of the customer's plan were used; None: quotas are left aside."""


class OnPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan would make of a decision."""

    plan: str
    floor: str | None
    """Weakest model that it gives."""
    used_percent: int
    """Of every quota, before the request."""
    served: str | None = None
    """Model that would serve, after any ladder; None: the request would be refused."""
    downgraded_from: str | None = None
    """Model that was chosen, where the ladder led to another."""
    notices: tuple[str, ...] = ()
    """What the caller would be told in words."""
    quotas: str = ""
    """Header ``x-triplepoint-quota`` of the answer; empty: no quota is told of yet."""
    refused: str = ""
    """Why it would be refused."""
    code: str = ""
    """Code of the refusal."""
    retry_after_s: float | None = None
    """When it could be tried again."""


class Reply(Explanation, frozen=True, kw_only=True):
    """What would become of a request; nothing of the request itself is in it but the words that moved an estimate."""

    lineup: str
    """Name of the line-up that decided."""
    lineup_hash: str
    models: tuple[str, ...]
    """Of that line-up, weakest first."""
    on_plan: OnPlan | None = None
    """What the customer's plan would make of it, where used quotas were asked about."""
