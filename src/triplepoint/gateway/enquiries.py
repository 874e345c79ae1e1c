"""Answers enquiries about the router: what it is, and what would become of a request that nobody sends.

The command line, the admin API and the console all ask here, so they never tell different things. Each answer is worked out on
the files and stores as they are at that moment, by the code that serves (`as_if`). Nothing is sent, counted, written or logged.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from triplepoint.access.model import Actor
from triplepoint.configuration.model import Configuration, LoadedLineup
from triplepoint.foundation.clock import Clock
from triplepoint.foundation.errors import NotFound, RequestInvalid, RequestTooLarge
from triplepoint.foundation.ids import CustomerId, KeyId
from triplepoint.gateway.as_if import AsIf, admit_as_if, decide_as_if, stand_ins
from triplepoint.gateway.lapsing import lapsed_of, with_lapses
from triplepoint.gateway.request import Request, parse_request
from triplepoint.gateway.snapshot import KeyGrant, Snapshot, compile_snapshot
from triplepoint.ledger.audits.model import Lapse
from triplepoint.lineups.resolve import AUTO
from triplepoint.plans.model import Holder
from triplepoint.plans.terms import UNBOUND
from triplepoint.routing.description import RouterDescription, describe_router
from triplepoint.routing.enquiry import LARGEST_BODY, LONGEST_PROMPT, Enquiry, Reply
from triplepoint.telemetry.status import GatewayStatus
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.texts import CONVERSATION

_ENDPOINT: Final = {
    Dialect.CHAT: "/v1/chat/completions",
    Dialect.RESPONSES: "/v1/responses",
    Dialect.MESSAGES: "/v1/messages",
}
_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_OURS: Final = "triplepoint"
_AUTO: Final = re.compile(rb'"auto(?:@[^"\\]+)?"')
_NOBODY: Final = CustomerId("")


class Enquiries:
    """Implements `admin.ports.Explainer` on an installation.

    Args:
        load: Loads the files; raises `SettingsInvalid` where they are wrong.
        find_holder: Finds a customer with its plan, by id or name.
        status: Asks the gateway how its upstreams are; None where none runs.
        lapses: Reads the certificates that hold no more.
        clock: Time.
    """

    def __init__(
        self,
        load: Callable[[], Configuration],
        *,
        find_holder: Callable[[Actor, str], Holder],
        status: Callable[[], GatewayStatus | None],
        lapses: Callable[[], Sequence[Lapse]],
        clock: Clock,
    ) -> None:
        self._load = load
        self._find_holder = find_holder
        self._status = status
        self._lapses = lapses
        self._clock = clock

    def describe(self) -> RouterDescription:
        """Describe the router of the active line-up.

        Raises: SettingsInvalid: the files are wrong.
        """
        active = self._load().active
        learnt = active.learnt
        if learnt is None:
            return describe_router(active.lineup, active.hash)
        lapses = lapsed_of(learnt.scorer.digest, self._lapsed([active]))
        return describe_router(
            active.lineup, active.hash, scorer=learnt.scorer, certificates=learnt.certificates, lapsed=lapses
        )

    def explain(self, actor: Actor, enquiry: Enquiry) -> Reply:
        """Say what would become of a request, and what would lead elsewhere. Not to be called from a running event loop.

        Raises:
            RequestInvalid: it is no request, or asks for what cannot be.
            NotFound: there is no such customer, or no router.
            SettingsInvalid: the files are wrong.
            TriplepointError: as the gateway would refuse the request.
        """
        if enquiry.used_percent is not None and enquiry.customer is None:
            raise RequestInvalid("quotas are a customer's: say whose, or leave used quotas aside", param="customer")
        case = self._case(actor, enquiry)
        choice, explanation = decide_as_if(case, self._clock)
        on_plan = None
        if enquiry.used_percent is not None:
            on_plan = asyncio.run(admit_as_if(case, choice, used_percent=enquiry.used_percent, clock=self._clock))
        told = {name: getattr(explanation, name) for name in explanation.__struct_fields__}
        lineup = choice.lineup
        return Reply(**told, lineup=lineup.name, lineup_hash=lineup.hash, models=tuple(lineup.models), on_plan=on_plan)

    def _case(self, actor: Actor, enquiry: Enquiry) -> AsIf:
        """Put together what the request would meet."""
        request = read_enquiry(enquiry)
        configuration, now_us = self._load(), self._clock.now_us()
        holder = self._find_holder(actor, enquiry.customer) if enquiry.customer is not None else None
        snapshot = compile_snapshot(configuration, (), made_us=now_us, holders=[] if holder is None else [holder])
        snapshot = with_lapses(snapshot, self._lapsed(configuration.lineups.values()))
        if snapshot.active.router is None:
            name = snapshot.active.name
            raise NotFound(f"line-up {name} has no router, so there is no auto; add one, or ask for a model by name")
        _check_model(enquiry.served_before, snapshot)
        whose = holder.customer_id if holder is not None else _NOBODY
        terms = snapshot.terms.of(whose, "", now_us) if holder is not None else UNBOUND
        live = stand_ins(snapshot, self._status(), self._clock.steady_s())
        return AsIf(request, snapshot, KeyGrant(KeyId(""), whose, None, None), terms, live, enquiry.served_before)

    def _lapsed(self, lineups: Iterable[LoadedLineup]) -> Sequence[Lapse]:
        """Return the certificates that hold no more; where there are none that could, no store is opened for it."""
        has_some = any(loaded.learnt is not None and loaded.learnt.certificates.entries for loaded in lineups)
        return self._lapses() if has_some else ()


def read_enquiry(enquiry: Enquiry) -> Request:
    """Read the request as the gateway would, with the enquiry's dial and tags in it; a model other than ``auto`` is left aside.

    Raises: RequestInvalid: it is none, or larger than is read here.
    """
    fields = _given(enquiry)
    if _AUTO.fullmatch(bytes(fields.get("model", b""))) is None:
        fields["model"] = msgspec.Raw(msgspec.json.encode(AUTO))
    controls: dict[str, object] = {} if enquiry.thrift is None else {"thrift": enquiry.thrift}
    if enquiry.tags:
        controls["tags"] = dict(enquiry.tags)
    if controls:
        given = _fields(bytes(fields[_OURS]), "its member triplepoint") if _OURS in fields else {}
        fields[_OURS] = msgspec.Raw(msgspec.json.encode({**given, **controls}))
    return parse_request(msgspec.json.encode(fields), enquiry.dialect, _ENDPOINT[enquiry.dialect])


def _given(enquiry: Enquiry) -> dict[str, msgspec.Raw]:
    if (enquiry.prompt is None) == (enquiry.body is None):
        raise RequestInvalid("give either a prompt or a request body", param="prompt")
    if enquiry.body is not None:
        if len(enquiry.body) > LARGEST_BODY:
            raise RequestTooLarge(f"the request body has more than the {LARGEST_BODY:,} bytes that are read here", param="body")
        return _fields(enquiry.body, "the request body")
    prompt = enquiry.prompt or ""
    if len(prompt) > LONGEST_PROMPT:
        raise RequestTooLarge(f"the prompt has more than the {LONGEST_PROMPT:,} characters that are read here", param="prompt")
    content = prompt.encode("utf-8", "replace").decode()  # halves of characters, which a browser may send
    return {CONVERSATION[enquiry.dialect]: msgspec.Raw(msgspec.json.encode([{"role": "user", "content": content}]))}


def _fields(data: bytes, what: str) -> dict[str, msgspec.Raw]:
    try:
        return _FIELDS.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestInvalid(f"{what} is not a JSON object: {error}", param="body") from error


def _check_model(name: str | None, snapshot: Snapshot) -> None:
    if name is not None and not any(name in lineup.models for lineup in snapshot.lineups.values()):
        known = ", ".join(snapshot.active.models)
        raise RequestInvalid(f"no line-up here has a model of that name; the active one has {known}", param="served_before")
