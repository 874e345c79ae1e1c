"""What a line-up file may say; ``schemas/lineup.schema.json`` is generated from it."""

import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from triplepoint.settings import FileModel

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
    code: bool | None = None
    """The last three turns hold code or ask for it."""
    maths: bool | None = None
    """The last three turns hold arithmetic or ask for it."""
    tools: bool | None = None
    """Tools are offered."""
    json_output: bool | None = None
    """Structured output is asked for."""
    images: bool | None = None
    """Images are attached."""
    min_turns: int | None = Field(default=None, ge=1)
    """User turns in the conversation, at least."""


class Rule(FileModel):
    """One line of a rules router; the first that holds decides."""

    when: RuleCondition
    """Conditions."""
    use: ModelName
    """Model of this line-up."""
    why: str = Field(min_length=1)
    """Reason, as it stands in the receipt."""


class FixedRouter(FileModel):
    """``auto`` is always the same model."""

    kind: Literal["fixed"]
    """Always ``fixed``."""
    default: ModelName
    """That model."""


class RulesRouter(FileModel):
    """``auto`` is decided by the first rule that holds."""

    kind: Literal["rules"]
    """Always ``rules``."""
    rules: list[Rule] = Field(min_length=1)
    """Tried in order."""
    default: ModelName
    """Where no rule holds."""


class Lineup(FileModel):
    """``lineups/NAME.yaml``."""

    lineup: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    """Name; the same as the file's."""
    models: dict[ModelName, Model] = Field(min_length=1)
    """The family, weakest first: where a ladder or a floor speaks of weaker and stronger, this order is meant."""
    aliases: dict[ModelName, ModelName] = Field(default={})
    """Further names; an alias may not stand for another alias."""
    router: Annotated[FixedRouter | RulesRouter, Field(discriminator="kind")] | None = None
    """Who decides for ``auto``; without, ``auto`` is unknown."""
