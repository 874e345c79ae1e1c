"""Which models can do what a request asks; entitlement and health are the gateway's to add.

What a request asks is read by the signals' own readers, whether it is asked of a whole reading (`needs_of`) or of a request
that needs nothing else read (`needs_in`, on every request): one rule, so that an explanation never differs from what happens.
"""

import itertools
from collections.abc import Mapping, Set
from typing import Final

from triplepoint.lineups.model import Capability, Model
from triplepoint.routing.model import Signals
from triplepoint.routing.signals.images import attached_images
from triplepoint.routing.signals.json_output import asks_json
from triplepoint.routing.signals.tools import offers_tools
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.texts import RawFields

_WANTED: Final = (Capability.TOOLS, Capability.JSON, Capability.IMAGES)
_NEEDS: Final = {
    wanted: frozenset({Capability.CHAT, *itertools.compress(_WANTED, wanted)})
    for wanted in itertools.product((False, True), repeat=len(_WANTED))
}

_PLAIN: Final = _NEEDS[False, False, False]
TELLING: Final = ("tools", "functions", "response_format", "text", "output_config", "output_format")
"""Members without which a request asks for nothing but images; a test holds it against the readers."""

ANSWER_ROOM_TOKENS: Final = 512
"""Room that an answer needs whose length the caller does not bound; a model whose longest answer is shorter needs that."""


def needs_of(signals: Signals) -> frozenset[Capability]:
    """Return the capabilities that a request to ``auto`` asks for."""
    return _NEEDS[signals.tools, signals.json_output, signals.images]


def needs_in(fields: RawFields, dialect: Dialect, *, mentions_images: bool = True) -> frozenset[Capability]:
    """Return the capabilities that a request asks for, as `needs_of` its signals would.

    Args:
        fields: Top-level members of the body, as the wire left them.
        mentions_images: What `texts.mentions_images` says of the body; False spares the search.
    """
    if not mentions_images and fields.keys().isdisjoint(TELLING):
        return _PLAIN  # the usual case
    images = mentions_images and attached_images(fields, dialect) > 0
    return _NEEDS[offers_tools(fields, dialect), asks_json(fields, dialect), images]


def able_models(models: Mapping[str, Model], signals: Signals) -> tuple[str, ...]:
    """Return the models, in line-up order, that have the capabilities and whose context has room for prompt and answer."""
    needs = needs_of(signals)
    return tuple(name for name, model in models.items() if is_able(model, needs, signals.input_tokens))


def is_able(model: Model, needs: Set[Capability], input_tokens: int, bound: int | None = None) -> bool:
    """Tell whether a model has the capabilities and its context has room for prompt and answer; arguments as `fits`."""
    return needs <= set(model.capabilities) and fits(model, input_tokens, bound)


def fits(model: Model, input_tokens: int, bound: int | None = None) -> bool:
    """Tell whether a model's context has room for the prompt and an answer.

    Args:
        model: Of the line-up.
        input_tokens: Of the prompt, estimated.
        bound: Most tokens that the answer may have; one beyond the model's longest answer counts as that. None: not said,
            and then `ANSWER_ROOM_TOKENS` must be left.
    """
    room = min(ANSWER_ROOM_TOKENS if bound is None else bound, model.max_output_tokens)
    return input_tokens + room <= model.context_tokens


def why_unable(model: Model, needs: Set[Capability], input_tokens: int, bound: int | None = None) -> str:
    """Say in words why a model cannot serve a request; empty where it can. Arguments as `fits`."""
    if not fits(model, input_tokens, bound):
        return f"a prompt of about {input_tokens:,} tokens and its answer do not fit into {model.context_tokens:,}"
    lacks = sorted(need.value for need in needs - set(model.capabilities))
    return f"lacks {', '.join(lacks)}" if lacks else ""
