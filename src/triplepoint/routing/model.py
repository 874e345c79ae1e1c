"""What a router reads, and what it answers."""

import msgspec


class Signals(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Facts of one request, read before anything is sent; the defaults are what a request that says nothing has."""

    input_tokens: int = 0
    """Estimated prompt, tools included; see `signals.estimate_input_tokens` for its error."""
    code: bool = False
    """The last three turns hold code or ask for it."""
    maths: bool = False
    """The last three turns hold arithmetic or ask for it."""
    tools: bool = False
    """Tools are offered."""
    json_output: bool = False
    """Structured output is asked for."""
    images: bool = False
    """Images are attached, anywhere in the conversation."""
    turns: int = 0
    """User turns of the conversation."""
    last_text_chars: int = 0
    """Characters of the last user turn."""


class Decision(msgspec.Struct, frozen=True, gc=False):
    """One choice, as the receipt keeps it."""

    model: str
    """The model that serves; always one of the candidates."""
    reason: str
    """Why, in words: ``rule: holds code``, ``default``."""
    policy: str
    """Kind of the router: ``fixed``, ``rules``."""
    candidates: tuple[str, ...]
    """What it could choose from, in line-up order."""
    propensity: float = 1.0
    """Probability with which this policy chooses this model on these signals; 1 for a policy without chance."""


class Condition(msgspec.Struct, frozen=True):
    """One condition of a rule, held against a request."""

    name: str
    """As in the line-up file: ``min_input_tokens``."""
    wanted: int | bool
    found: int | bool
    holds: bool

    def __str__(self) -> str:
        return f"{self.name}: {_word(self.wanted)} (found {_word(self.found)})"


class Trial(msgspec.Struct, frozen=True):
    """One rule, held against a request."""

    number: int
    """From 1, in the order of the line-up file."""
    use: str
    why: str
    conditions: tuple[Condition, ...]
    is_candidate: bool
    """The rule's model is among the candidates."""

    def holds(self) -> bool:
        """Tell whether every condition holds."""
        return all(condition.holds for condition in self.conditions)


class Explanation(msgspec.Struct, frozen=True):
    """A decision with the way to it."""

    signals: Signals
    trials: tuple[Trial, ...]
    """The rules that were tried, the one that decided last."""
    decision: Decision


def _word(value: int | bool) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
