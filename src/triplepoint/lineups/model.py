"""What a line-up file may say; ``schemas/lineup.schema.json`` is generated from it."""

import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from triplepoint.lineups.told import Language, RequestClass, language_code
from triplepoint.settings import Amount, FileModel

ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$")]
"""A name that callers use. ``@`` is left out: it separates an alias from the line-up in a pin."""


class Capability(StrEnum):
    """What a model can be asked for."""

    CHAT = "chat"
    EMBEDDINGS = "embeddings"
    TOOLS = "tools"
    JSON = "json"
    IMAGES = "images"
    REASONING = "reasoning"


class Target(FileModel):
    """One upstream that runs the model; the first is tried first, the others are its fallbacks."""

    upstream: str
    """Name of an upstream in ``triplepoint.yaml``."""
    model: str
    """Name of the model there."""
    price: str
    """Row of the price book, ``provider/model``."""
    tools_by_schema: bool = False
    """Turn tools into a JSON schema, for models whose own tool calls do not parse."""


class Retirement(FileModel):
    """The announced end of a model: from ``notice`` on its answers say so, from ``on`` on it is refused with 410."""

    notice: Annotated[datetime.date, Field(strict=False)]
    """Day (UTC) from which callers are told."""
    on: Annotated[datetime.date, Field(strict=False)]
    """First day (UTC) on which it is gone; after ``notice``."""
    successor: ModelName | None = None
    """Model or alias of this line-up to use instead."""


class Model(FileModel):
    """One model of the family."""

    upstreams: list[Target] = Field(min_length=1)
    """Where it runs, in order of preference."""
    context_tokens: int = Field(ge=1)
    """Longest prompt and answer together."""
    max_output_tokens: int = Field(default=4096, ge=1)
    """Longest answer; what is reserved for a request that names no limit."""
    capabilities: list[Annotated[Capability, Field(strict=False)]] = Field(default=[Capability.CHAT])
    """What it can be asked for; others are refused with 400."""
    about: str = ""
    """One line for people."""
    retires: Retirement | None = None
    """Its end, once that is decided."""


class RuleCondition(FileModel):
    """All that are set must hold."""

    min_input_tokens: int | None = Field(default=None, ge=0)
    """Estimated prompt tokens, at least."""
    max_input_tokens: int | None = Field(default=None, ge=0)
    """Estimated prompt tokens, at most."""
    language: Annotated[Language, Field(strict=False), BeforeValidator(language_code)] | None = None
    """Language of the last three turns, by ISO 639-1 code; ``mixed``: two share the text."""
    code: bool | None = None
    """The last three turns hold code or ask for it."""
    maths: bool | None = None
    """The last three turns hold arithmetic or ask for it."""
    hard: bool | None = None
    """The last turn asks for work that takes long thought or a specialist: a proof, a design, a diagnosis."""
    structure: bool | None = None
    """The person's words ask for an exact form: a table, so many words, JSON."""
    earlier_hard: bool | None = None
    """The last turn goes on with hard work of a turn before it: a "yes" to a hard plan."""
    tools: bool | None = None
    """Tools are offered."""
    tool_loop: bool | None = None
    """The last word is a tool's result."""
    json_output: bool | None = None
    """Structured output is asked for in the request's own field."""
    images: bool | None = None
    """Images are attached."""
    min_turns: int | None = Field(default=None, ge=1)
    """User turns in the conversation, at least."""
    max_turns: int | None = Field(default=None, ge=1)
    """User turns in the conversation, at most."""
    request_class: Annotated[RequestClass, Field(strict=False)] | None = None
    """What a coding agent says or shows that its request is for."""
    task: str | None = Field(default=None, min_length=1, max_length=256)
    """What the caller's own tag ``task`` says."""


class Rule(FileModel):
    """One line of a rules router; the first that holds decides."""

    when: RuleCondition
    """Conditions."""
    use: ModelName
    """Model of this line-up."""
    why: str = Field(min_length=1)
    """Reason, as it stands in the receipt."""


class Check(StrEnum):
    """A look at a cheap answer before it is given."""

    COMPLETE = "complete"
    """It is there, and did not end for want of room."""
    ANSWERS = "answers"
    """It comes to an answer and does not refuse."""
    ARITHMETIC = "arithmetic"
    """Its own equations, worked out again, hold; a question with numbers gets a number."""
    FORMAT = "format"
    """It has the form that was asked for: JSON that parses and keeps to its schema."""
    CONFIDENCE = "confidence"
    """The mean log-probability of its tokens, where the upstream tells it, is at least ``min_logprob``."""


class Escalation(FileModel):
    """A cheap answer is looked at before it is given; where it fails, a stronger model is asked once."""

    checks: list[Annotated[Check, Field(strict=False)]] = Field(
        default=[Check.COMPLETE, Check.ANSWERS, Check.ARITHMETIC, Check.FORMAT], min_length=1
    )
    """What is looked at."""
    min_logprob: float | None = Field(default=None, le=0)
    """Least mean log-probability of a token (natural logarithm); needed for ``confidence``."""
    models: list[ModelName] | None = Field(default=None, min_length=1)
    """Models whose answers are looked at; without, all but the strongest."""
    to: ModelName | None = None
    """Model that is asked instead; without, the strongest that the caller may use."""


class Audit(FileModel):
    """A share of what ``auto`` answers is also answered by another model, off the caller's path, and compared."""

    share: float = Field(gt=0, le=1)
    """Of the requests to ``auto``."""
    max_usd_per_day: Amount
    """What audits may cost in a day (UTC); it is never overspent."""
    judge: ModelName | None = None
    """Model that compares what no exact check can, in both orders; without, such pairs stay undecided."""
    alarm_above: float = Field(default=0.05, gt=0, lt=1)
    """Rate of misroutes above which there is an alarm."""


class RouterModel(FileModel):
    """What every kind of router may say."""

    default: ModelName
    """Model where nothing else decides."""
    explore: float = Field(default=0.0, ge=0, le=0.5)
    """Share of requests that go to a candidate by chance, each alike; logged, so that other routers can be scored on them."""
    escalation: Escalation | None = None
    """Whether cheap answers are looked at before they are given."""
    audit: Audit | None = None
    """Whether a sample is answered twice."""


class ScorerFile(FileModel):
    """What a router has learnt, as a file that ``triplepoint route train`` wrote."""

    file: Annotated[str, Field(pattern=r"^(?:[A-Za-z0-9_][A-Za-z0-9._-]*/)*[A-Za-z0-9_][A-Za-z0-9._-]*\.safetensors$")]
    """Path in this folder, such as ``routers/family.safetensors``."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Hash of that file: it is the one that was reviewed."""
    models: dict[ModelName, str] = Field(default={})
    """The scorer's name of a model of this line-up, where it is another one."""


class Promise(FileModel):
    """At most this share of all requests gets a bad answer where the strongest model that they may use had given a good one."""

    misroute: float = Field(gt=0, lt=1)
    """That share."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Confidence with which the certificate in the scorer's file says so."""
    lapsed: Literal["reference", "continue"] = "reference"
    """What ``auto`` does where there is no certificate, or it holds no more: the strongest model, or on without a promise."""


class FixedRouter(RouterModel):
    """``auto`` is always the same model."""

    kind: Literal["fixed"]
    """Always ``fixed``."""


class RulesRouter(RouterModel):
    """``auto`` is decided by the first rule that holds."""

    kind: Literal["rules"]
    """Always ``rules``."""
    rules: list[Rule] = Field(min_length=1)
    """Tried in order."""


class ThresholdRouter(RouterModel):
    """``auto`` is one of two models: the strong one where the weak one is too likely to fail where it would not."""

    kind: Literal["threshold"]
    """Always ``threshold``."""
    scorer: ScorerFile
    """What was learnt of both."""
    weak: ModelName
    """Model for the rest."""
    strong: ModelName
    """Model for what needs it."""
    threshold: float = Field(ge=0, le=1)
    """Probability, that the strong answer is good and the weak one bad, from which on it is the strong one's."""
    switch_margin: float = Field(default=0.05, ge=0, le=1)
    """By how much the probability of a good answer must gain before a conversation changes its model."""


class LearnedRouter(RouterModel):
    """``auto`` is the model whose expected answer is worth most after what it takes."""

    kind: Literal["learned"]
    """Always ``learned``."""
    scorer: ScorerFile
    """What was learnt of the models."""
    thrift: int = Field(default=50, ge=0, le=100)
    """Dial where neither caller nor plan says: 0 quality at any price, 100 the cheapest candidate."""
    good_answer_usd: Amount = Decimal("0.01")
    """What a good answer is worth at thrift 50."""
    energy_usd_per_kwh: Amount = Decimal(0)
    """What energy counts for beside its part in prices."""
    waiting_usd_per_hour: Amount = Decimal(0)
    """What the caller's waiting counts for."""
    switch_margin: float = Field(default=0.05, ge=0, le=1)
    """By how much the probability of a good answer must gain before a conversation changes its model."""
    promise: Promise | None = None
    """Guarantee that is kept."""


Router = Annotated[FixedRouter | RulesRouter | ThresholdRouter | LearnedRouter, Field(discriminator="kind")]


class Lineup(FileModel):
    """``lineups/NAME.yaml``."""

    lineup: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    """Name; the same as the file's."""
    models: dict[ModelName, Model] = Field(min_length=1)
    """The family, weakest first: where a ladder or a floor speaks of weaker and stronger, this order is meant."""
    aliases: dict[ModelName, ModelName] = Field(default={})
    """Further names; an alias may not stand for another alias."""
    router: Router | None = None
    """Who decides for ``auto``; without, ``auto`` is unknown."""
