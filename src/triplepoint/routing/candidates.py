"""Which models can do what a request asks, by its signals; entitlement and health are the gateway's to add."""

from collections.abc import Mapping, Set

from triplepoint.lineups.model import Capability, Model
from triplepoint.routing.model import Signals


def needs_of(signals: Signals) -> frozenset[Capability]:
    """Return the capabilities that a request to ``auto`` asks for."""
    wanted = {Capability.TOOLS: signals.tools, Capability.JSON: signals.json_output, Capability.IMAGES: signals.images}
    return frozenset({Capability.CHAT, *(capability for capability, is_wanted in wanted.items() if is_wanted)})


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
