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
    """Return the models, in line-up order, that have the capabilities and whose context holds the prompt."""
    needs = needs_of(signals)
    return tuple(name for name, model in models.items() if is_able(model, needs, signals.input_tokens))


def is_able(model: Model, needs: Set[Capability], input_tokens: int) -> bool:
    """Tell whether a model has the capabilities and its context holds the prompt."""
    return needs <= set(model.capabilities) and input_tokens < model.context_tokens


def why_unable(model: Model, needs: Set[Capability], input_tokens: int) -> str:
    """Say what a model lacks for a request; empty where it lacks nothing."""
    lacks = sorted(need.value for need in needs - set(model.capabilities))
    if lacks:
        return f"lacks {', '.join(lacks)}"
    if input_tokens >= model.context_tokens:
        return f"its context of {model.context_tokens:,} tokens has no room for a prompt of about {input_tokens:,}"
    return ""
