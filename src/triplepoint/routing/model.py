"""What a router reads, and what it answers."""

from collections.abc import Mapping

import msgspec


class Signals(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Facts of one request, read before anything is sent; the defaults are what a request that says nothing has.

    They hold no words of the request: they are logged with the decision.
    """

    input_tokens: int = 0
    """Estimated prompt, tools included; see `texts.estimate_input_tokens` for its error."""
    language: str = ""
    """Language of the last three turns, one of `lineups.told.Language`; empty: cannot be told."""
    code: bool = False
    """The last three turns hold code or ask for it."""
    maths: bool = False
    """The last three turns hold arithmetic or ask for it."""
    hard: bool = False
    """The last turn asks for work that takes long thought or a specialist: a proof, a design, a diagnosis."""
    tools: bool = False
    """Tools are offered."""
    tool_loop: bool = False
    """The last turn is a tool's result."""
    json_output: bool = False
    """Structured output is asked for."""
    structure: bool = False
    """The words ask for an exact form: a table, a list of so many points, a format."""
    images: bool = False
    """Images are attached, anywhere in the conversation."""
    turns: int = 0
    """User turns of the conversation."""
    last_text_chars: int = 0
    """Characters of the last user turn."""
    earlier_hard: bool = False
    """A turn before the last is hard work that this one goes on with: a "yes" to a hard plan is hard."""
    request_class: str = ""
    """What an agent's headers or its request say that this is for, one of `lineups.told.RequestClass`; empty: unsaid."""
    task: str = ""
    """The caller's tag ``task``; empty: unsaid."""


class Question(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All that a decision is made upon."""

    signals: Signals
    text: str = ""
    """Words of the last three turns, newest last, cut to what is read; empty where the router does not ask for them."""
    thrift: int | None = None
    """Dial 0…100 of the caller, else of its plan; None: as the line-up has it."""
    served_before: str | None = None
    """Model that gave the conversation's last answer; None: there was none, or it is not known."""
    draw: float = 1.0
    """Uniform in [0, 1), for exploration; 1: none."""
    waits: Mapping[str, tuple[float, float]] | None = None
    """By model, as measured lately: seconds to the first byte, seconds for each token of output. None: not known."""


class Estimate(msgspec.Struct, frozen=True, gc=False):
    """What a scorer expects of one model on one request."""

    quality: float
    """Calibrated probability of a good answer, 0…1."""
    output_tokens: float | None
    """Expected length of the answer, hidden reasoning included; None: never learnt."""


class Scores(msgspec.Struct, frozen=True, gc=False):
    """What a scorer expects of every model on one request."""

    estimates: Mapping[str, Estimate]
    """By the line-up's names; a model that the scorer does not know is missing."""
    group: str = ""
    """Group of requests that this one belongs to, such as ``maths``; certificates and tables are kept by it."""
    has_signal: bool = True
    """False: the request is unlike anything learnt, and the estimates are worth no more than the group's means."""
    means: Mapping[str, Estimate] | None = None
    """The estimates for the group as a whole, by which domination is judged first; None: not told."""
    least_gap: float = 0.0
    """Difference between two of these means' qualities from which on it is no chance (95 %)."""


class Weighed(msgspec.Struct, frozen=True, gc=False):
    """One candidate of a decision, with what was expected of it. None everywhere: not known, or not asked."""

    model: str
    quality: float | None = None
    """Probability of a good answer."""
    output_tokens: float | None = None
    cost_usd: float | None = None
    """Expected cost of the request, an estimate: not money that anyone is charged."""
    energy_wh: float | None = None
    latency_s: float | None = None
    worth_usd: float | None = None
    """What was maximised: the value of the expected quality less everything that it takes."""
    is_allowed: bool = True
    """False: a candidate that the decision may not take, see `why_not`."""
    why_not: str = ""
    """``dominated by mini``, ``promise of 5 % misroutes``; of one that is allowed: why it gains too little to change to."""


class Decision(msgspec.Struct, frozen=True, gc=False):
    """One choice, as the receipt keeps it."""

    model: str
    """The model that serves; always one of the candidates."""
    reason: str
    """Why, in words: ``rule: holds code``, ``default``."""
    policy: str
    """Kind of the router: ``fixed``, ``rules``, ``threshold``, ``learned``."""
    candidates: tuple[str, ...]
    """What it could choose from, in line-up order."""
    propensity: float = 1.0
    """Probability with which this policy chooses this model on this question; 1 for a policy without chance."""
    explored: bool = False
    """Chance chose it, within what is allowed."""
    weighed: tuple[Weighed, ...] = ()
    """The candidates as they were weighed, in line-up order; empty for a policy that weighs nothing."""
    group: str = ""
    """Group of the request, as the scorer has it."""
    scorer: str = ""
    """First twelve characters of the scorer's digest; empty: none was asked."""
    thrift: int | None = None
    """Dial in force; None: the policy has none."""
    is_certified: bool = False
    """The choice stands under a certificate that holds."""
    has_signal: bool = True
    """False: the request was unlike anything that the scorer had learnt."""


class Condition(msgspec.Struct, frozen=True):
    """One condition of a rule, held against a request."""

    name: str
    """As in the line-up file: ``min_input_tokens``."""
    wanted: int | bool | str
    found: int | bool | str
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

    def result(self) -> list[str]:
        """Say what came of it, in words: the conditions that failed, else whether it was chosen."""
        failed = [str(condition) for condition in self.conditions if not condition.holds]
        if failed:
            return failed
        return ["holds: chosen"] if self.is_candidate else [f"holds, but {self.use} is no candidate"]


class Push(msgspec.Struct, frozen=True):
    """Something in a request that moved a scorer's estimates."""

    what: str
    """In words; one of the request's own stands in quotes: ``'prove'``, ``numbers``."""
    by: Mapping[str, float]
    """What it adds to the probability of a good answer, by model, before the sum of all is corrected by what was measured."""


class LeftOut(msgspec.Struct, frozen=True):
    """A model of the line-up that was no candidate."""

    model: str
    why: str
    """In words: ``plan free does not include it``, ``lacks images``."""


class Change(msgspec.Struct, frozen=True):
    """What would have to be otherwise for another choice; one thing at a time, all else as it is."""

    model: str
    """The model that would be chosen."""
    how: str
    """In words: ``with thrift 20 or less``, ``if rule 3 held: code: yes (found no)``."""
    thrift: int | None = None
    """Setting of the dial nearest to the one in force."""
    quality_gain: float | None = None
    """By how much the probability of its good answer would have to be higher."""
    rule: int | None = None
    """Number of the rule that would have to hold."""


class Explanation(msgspec.Struct, frozen=True):
    """A decision with the way to it."""

    signals: Signals
    trials: tuple[Trial, ...]
    """The rules that were tried, the one that decided last; empty for a router without rules, and in a tool loop."""
    decision: Decision
    costs: Mapping[str, float | None] = {}
    """What the request is expected to cost at each candidate, US dollars; None: its price is not known. Of a router that weighs
    nothing, an answer of usual length is meant."""
    left_out: tuple[LeftOut, ...] = ()
    """Models that could not be chosen, and why, in line-up order."""
    changes: tuple[Change, ...] = ()
    """Ways to another choice."""
    pushes: tuple[Push, ...] = ()
    """What in the request moved the estimates, what moved them furthest apart first; empty where the scorer cannot say."""


def _word(value: int | bool | str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value != "" else "nothing"
