"""The sixteen failover scenarios as typed records: what each upstream does, and what must be true of the answer."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from triplepoint.files.checked import read_file
from triplepoint.foundation.errors import SettingsInvalid
from triplepoint.ledger.model import Outcome
from triplepoint.settings import BreakerSettings, Duration, FileModel, LimitSettings, RetrySettings
from triplepoint.upstreams.simulated.model import Script

Name = Literal["a", "b"]
Verdict = Literal["pass", "partial", "safe"]


class ScenarioUpstream(FileModel):
    """One of the two upstreams."""

    script: Script
    """What it does."""
    limits: LimitSettings = LimitSettings()
    """Its time limits at the gateway."""
    retry: RetrySettings = RetrySettings()
    """Its retries at the gateway."""
    breaker: BreakerSettings = BreakerSettings()
    """Its breaker at the gateway."""


class Span(FileModel):
    """How many attempts an upstream may see."""

    min: int = 0
    """At least."""
    max: int = 100
    """At most."""


class Burst(FileModel):
    """How many attempts an upstream may see in a short time, from its first one on."""

    upstream: Name
    """Which."""
    within: Duration
    """From its first attempt."""
    max: int
    """At most."""


class Expectation(FileModel):
    """What must be true; a field that is left out says nothing."""

    verdict: Verdict
    """What failoverbench calls an answer like this one."""
    status: int
    """Of the caller's answer."""
    ends: Literal["done", "error_event", "error_body"]
    """How it ends: ``[DONE]`` once; an error event and no ``[DONE]``; an error instead of a stream."""
    text: Literal["whole", "start", "none"]
    """All sixty words; some of them from the start; nothing."""
    served_by: Name | None = None
    """Upstream of the last attempt."""
    error_code: str | None = None
    """``error.code``."""
    not_error_code: str | None = None
    """A code that the error must not have."""
    has_usage: bool = False
    """The stream reports its usage, the request asking for it."""
    attempts: dict[Name, Span] = Field(default_factory=dict[Name, Span])
    """Requests that each upstream saw."""
    gap_min: Duration = 0.0
    """Between the first two attempts at a."""
    burst: Burst | None = None
    """Against hammering."""
    left_by_caller: list[Name] = Field(default_factory=list[Name])
    """Upstreams that must have seen the gateway leave."""
    outcomes: list[Annotated[Outcome, Field(strict=False)]] = Field(default_factory=list[Outcome])
    """Of the ledger's rows, in order."""
    charged: list[Name] = Field(default_factory=list[Name])
    """Upstreams whose attempts cost something; all others cost nothing."""
    max: Duration
    """For the whole answer, from sending the request."""


class Sequence(FileModel):
    """Several requests, one after the other at a steady pace."""

    count: int
    """How many."""
    every: Duration
    """From one to the next."""
    down: Duration
    """How long a is down from the start; requests sent in that time are answered by b."""
    back_within: Duration
    """After that, a serves again."""


class Scenario(FileModel):
    """One scenario."""

    id: str = Field(pattern=r"^S\d\d$")
    """As failoverbench numbers it."""
    name: str
    """In a few words."""
    does: str
    """What goes wrong."""
    holds: str
    """What must be true, and why."""
    upstreams: dict[Name, ScenarioUpstream]
    """In order of preference."""
    stream: bool = True
    """Whether the request asks for a stream."""
    sequence: Sequence | None = None
    """For a scenario of several requests; ``expect`` then holds for each of them."""
    expect: Expectation
    """What we aim at."""
    or_else: list[Expectation] = Field(default_factory=list[Expectation])
    """What failoverbench accepts as well, with the verdict that it gives."""


class Scenarios(FileModel):
    """``scenarios.yaml``."""

    prompt: str
    """What is asked."""
    text: str
    """The whole answer."""
    scenarios: list[Scenario]
    """All sixteen."""


def load_scenarios() -> Scenarios:
    """Read the scenarios that lie beside this file.

    Raises: SettingsInvalid: the file is wrong.
    """
    path = Path(__file__).with_name("scenarios.yaml")
    reading = read_file(path, Scenarios, name=path.name)
    if reading.value is None:
        raise SettingsInvalid(list(reading.problems))
    return reading.value
