"""From a request to a layout: find the case, compose the answer, write it in the caller's dialect, do the damage."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

import msgspec

from triplepoint.upstreams.simulated.ask import Ask, AskInvalid, read_ask
from triplepoint.upstreams.simulated.chat import chat_body, chat_stream
from triplepoint.upstreams.simulated.damage import damage
from triplepoint.upstreams.simulated.embeddings import embeddings_body
from triplepoint.upstreams.simulated.errors import error_body, trouble
from triplepoint.upstreams.simulated.faults import MissingFinishFault
from triplepoint.upstreams.simulated.layout import Layout, paced, stream, whole
from triplepoint.upstreams.simulated.matching import Tally, find_case
from triplepoint.upstreams.simulated.messages import messages_body, messages_stream
from triplepoint.upstreams.simulated.model import Answer, Route, Script
from triplepoint.upstreams.simulated.reply import Reply, compose
from triplepoint.upstreams.simulated.responses import responses_body, responses_stream
from triplepoint.upstreams.simulated.script_file import OWN_ANSWER, LoadedScript

_ROUTES = {
    ("POST", "/chat/completions"): Route.CHAT,
    ("POST", "/responses"): Route.RESPONSES,
    ("POST", "/messages"): Route.MESSAGES,
    ("POST", "/messages/count_tokens"): Route.COUNT_TOKENS,
    ("POST", "/embeddings"): Route.EMBEDDINGS,
    ("GET", "/models"): Route.MODELS,
}
_DEFAULT_MODELS = ["simulated"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request leads to."""

    layout: Layout
    ask: Ask | None
    """None: the request could not be understood."""
    case: int | None = None
    """Number of the case that held."""


class Responder:
    """Plays one script; counts cases from its making on."""

    def __init__(self, loaded: LoadedScript) -> None:
        self._script: Script = loaded.script
        self._tables = loaded.tables
        self._tally = Tally(loaded.script.seed)

    def respond(
        self, number: int, method: str, path: str, headers: Mapping[str, str], body: bytes, *, running_s: float, now_s: int
    ) -> Outcome:
        """Answer a request.

        Args:
            number: Number of the request, from 1.
            path: Without the query.
            headers: Names in lower case.
            running_s: Seconds since the server started.
            now_s: Unix time.
        """
        route = _ROUTES.get((method, path.removeprefix("/v1")))
        if route is None:
            return Outcome(_refused(Route.CHAT, 404, f"there is no {method} {path} here", param=None), None)
        try:
            ask = read_ask(route, body)
        except AskInvalid as error:
            return Outcome(_refused(route, 400, f"the body cannot be read: {error}", param=None), None)
        case = find_case(self._script, ask, headers, running_s=running_s, tally=self._tally)
        known = self._script.models
        if case is None and known and route is not Route.MODELS and ask.model not in known:
            return Outcome(_refused(route, 404, f"the model {ask.model!r} does not exist", param="model"), ask)
        return Outcome(self._play(number, ask, case, now_s), ask, case)

    def _play(self, number: int, ask: Ask, case: int | None, now_s: int) -> Layout:
        chosen = None if case is None else self._script.cases[case]
        own = chosen.answer if chosen else None
        answer, fault = own or self._script.answer, chosen.fault if chosen else None
        table = self._tables.get(OWN_ANSWER if own is None else cast("int", case))
        reply = compose(answer, ask, number=number, created_s=now_s, seed=self._script.seed, table=table)
        if isinstance(fault, MissingFinishFault):
            reply = replace(reply, choices=tuple(replace(choice, finish=None) for choice in reply.choices))
        layout = self._written(ask, answer, reply, now_s)
        if ask.route not in {Route.MODELS, Route.COUNT_TOKENS}:
            words = sum(choice.words for choice in reply.choices) + len(reply.reasoning.split())
            layout = paced(layout, answer.pace, words, seed=self._script.seed, number=number)
        return layout if fault is None else damage(layout, fault, ask.route)

    def _written(self, ask: Ask, answer: Answer, reply: Reply, now_s: int) -> Layout:
        headers = (("x-request-id", f"sim-{reply.number}"), *answer.headers.items())
        match ask.route:
            case Route.CHAT if ask.stream:
                return stream(chat_stream(reply, answer, wants_usage=ask.wants_usage), headers)
            case Route.CHAT:
                return whole(200, chat_body(reply), headers)
            case Route.RESPONSES if ask.stream:
                return stream(responses_stream(reply, answer.chunk_tokens), headers)
            case Route.RESPONSES:
                return whole(200, responses_body(reply), headers)
            case Route.MESSAGES if ask.stream:
                return stream(messages_stream(reply, answer.chunk_tokens), headers)
            case Route.MESSAGES:
                return whole(200, messages_body(reply), headers)
            case Route.COUNT_TOKENS:
                count = reply.usage.input_tokens if reply.usage else ask.words
                return whole(200, msgspec.json.encode({"input_tokens": count}), headers)
            case Route.EMBEDDINGS:
                length = self._script.embedding_dimensions
                body = embeddings_body(ask, reply.usage, dimensions=length, seed=self._script.seed)
                return whole(200, body, headers)
            case Route.MODELS:
                return whole(200, _models(self._script.models or _DEFAULT_MODELS, now_s), headers)


def _models(names: list[str], now_s: int) -> bytes:
    data = [{"id": name, "object": "model", "created": now_s, "owned_by": "simulated"} for name in names]
    return msgspec.json.encode({"object": "list", "data": data})


def _refused(route: Route, status: int, message: str, *, param: str | None) -> Layout:
    return whole(status, error_body(route, trouble(route, status, message, param=param)))
