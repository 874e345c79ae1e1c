"""What a script may say; ``schemas/simulated.schema.json`` is generated from it."""

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from triplepoint.settings import Duration, FileModel
from triplepoint.upstreams.simulated.faults import Ending, Fault


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is not a regular expression: {error}") from error
    return value


Pattern = Annotated[str, AfterValidator(_pattern)]
"""A regular expression, found anywhere in the text."""

Share = Annotated[float, Field(ge=0, le=1)]
"""Between 0 and 1."""


class Route(StrEnum):
    """What a request asks for."""

    CHAT = "chat"
    RESPONSES = "responses"
    MESSAGES = "messages"
    COUNT_TOKENS = "count_tokens"
    EMBEDDINGS = "embeddings"
    MODELS = "models"


class Occasion(FileModel):
    """How often something happens; all that are set must hold."""

    nth: int | None = Field(default=None, ge=1)
    """Only this time, counted from 1."""
    from_nth: int | None = Field(default=None, ge=1)
    """From this time on."""
    to_nth: int | None = Field(default=None, ge=1)
    """Up to and with this time."""
    every: int | None = Field(default=None, ge=1)
    """Each such time: 3 is the third, sixth, ninth …"""
    probability: Share | None = None
    """Drawn each time, from the script's seed."""


class When(Occasion):
    """What a request must be like; all that are set must hold. The times of `Occasion` count those for which the rest holds."""

    model: str | None = None
    """Name of the model; ``*`` and ``?`` stand for anything."""
    route: Annotated[Route, Field(strict=False)] | None = None
    """What is asked for."""
    stream: bool | None = None
    """Whether a stream is asked for."""
    contains: str | None = None
    """In the last text of the user."""
    matches: Pattern | None = None
    """Found in the last text of the user."""
    headers: dict[str, str] = Field(default_factory=dict[str, str])
    """Headers and their values; ``*`` and ``?`` stand for anything."""
    last_role: str | None = None
    """Who speaks last: ``user``, ``assistant`` (a prefill), ``tool``."""
    tools: bool | None = None
    """Whether tools are offered."""
    min_words: int | None = Field(default=None, ge=0)
    """Words of the prompt, at least."""
    after: Duration | None = None
    """Since the server started, at least."""
    before: Duration | None = None
    """Since the server started, less than this."""


class Pace(FileModel):
    """How fast an answer is made. A stream's head is sent at once; an answer that is no stream is sent when it is complete."""

    first_token: Duration = 0.0
    """Until the first word."""
    between_tokens: Duration = 0.0
    """From word to word."""
    tokens_per_second: float | None = Field(default=None, gt=0)
    """The same, the other way round."""
    jitter: Share = 0.0
    """Each pause is drawn between (1 - jitter) and (1 + jitter) of its length, from the script's seed."""

    @model_validator(mode="after")
    def _one_speed(self) -> Self:
        if self.between_tokens and self.tokens_per_second:
            raise ValueError("between_tokens and tokens_per_second say the same; keep one of them")
        return self

    @property
    def step_s(self) -> float:
        """Seconds from word to word."""
        return 1 / self.tokens_per_second if self.tokens_per_second else self.between_tokens


class ToolCall(FileModel):
    """One call of a tool."""

    name: str
    """The tool's name."""
    arguments: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    """Its arguments."""


class Counts(FileModel):
    """Usage as it shall be reported, in one definition for every dialect (see `foundation.usage`)."""

    input_tokens: int = Field(ge=0)
    """Whole prompt, cached parts included."""
    output_tokens: int = Field(ge=0)
    """Whole answer, reasoning included."""
    cache_read_tokens: int = Field(default=0, ge=0)
    """Part of the input."""
    cache_write_tokens: int = Field(default=0, ge=0)
    """Part of the input."""
    reasoning_tokens: int = Field(default=0, ge=0)
    """Part of the output."""

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.cache_read_tokens + self.cache_write_tokens > self.input_tokens:
            raise ValueError("cache_read_tokens and cache_write_tokens are parts of input_tokens and cannot be more")
        if self.reasoning_tokens > self.output_tokens:
            raise ValueError("reasoning_tokens is a part of output_tokens and cannot be more")
        return self


class Quality(FileModel):
    """Answers whose rightness is known: right with a given probability for each model and prompt, always the same draw."""

    models: dict[str, Share] = Field(default_factory=dict[str, Share])
    """Probability of a right answer, by model, where the table says nothing."""
    table: str | None = None
    """CSV or JSON Lines of prompts, from the folder of the script. CSV: a column ``prompt``;
    ``correct`` and ``wrong`` if you like; a column of probabilities for each model. JSON Lines: the members ``prompt``,
    ``quality`` (probability by model), ``correct`` and ``wrong``."""
    correct: str = "right"
    """A right answer, where the table has none."""
    wrong: str = "wrong"
    """A wrong answer, where the table has none."""


class Answer(FileModel):
    """What is said. Without text, json, refusal, quality and tool calls it echoes the last text of the user."""

    echo: bool = False
    """The last text of the user."""
    text: str | list[str] | None = None
    """This text; of a list, each choice (``n``) gets the next."""
    json_value: JsonValue = Field(default=None, alias="json")
    """This value, as JSON text."""
    refusal: str | None = None
    """A refusal in these words."""
    quality: Quality | None = None
    """A right or wrong answer, by known quality."""
    tool_calls: list[ToolCall] = Field(default_factory=list[ToolCall])
    """Calls of tools, in parallel; a text may come before them."""
    reasoning: str | None = None
    """Thinking that comes before the answer."""
    usage: Counts | Literal["counted", "omitted"] = "counted"
    """Reported usage: as given, words counted, or none at all."""
    finish_reason: Literal["stop", "length", "tool_calls", "content_filter"] | None = None
    """In OpenAI's words; without, it follows from the answer."""
    logprob: float = Field(default=-0.25, le=0)
    """Log probability of each word, where a chat request asks for them."""
    pace: Pace = Pace()
    """How fast."""
    chunk_tokens: int = Field(default=1, ge=1)
    """Words in each event of a stream."""
    role_alone: bool = True
    """A chat stream begins with an event that has the role and no content."""
    finish_joined: bool = False
    """The last content of a chat stream and its finish reason come in one event."""
    headers: dict[str, str] = Field(default_factory=dict[str, str])
    """Further headers of the answer."""

    @model_validator(mode="after")
    def _one_content(self) -> Self:
        given = {
            "echo": self.echo,
            "text": self.text is not None,
            "json": "json_value" in self.model_fields_set,
            "refusal": self.refusal is not None,
            "quality": self.quality is not None,
        }
        names = [name for name, is_given in given.items() if is_given]
        if len(names) > 1:
            raise ValueError(f"{' and '.join(names)} exclude each other; keep one of them")
        return self


class Case(FileModel):
    """One line of a script."""

    name: str | None = None
    """For the log of what was seen."""
    when: When = When()
    """Conditions; without, always."""
    answer: Answer | None = None
    """What is said; without, the script's own answer."""
    fault: Fault | None = None
    """What goes wrong with it."""


class ConnectionCase(Occasion):
    """Connections that end as soon as they are accepted."""

    how: Ending = "reset"
    """FIN or RST."""


class Down(FileModel):
    """A time in which nobody listens: connections are refused, open ones are reset."""

    after: Duration = 0.0
    """Since the server started."""
    before: Duration
    """Until then, since the server started."""


class Script(FileModel):
    """A script."""

    cases: list[Case] = Field(default_factory=list[Case])
    """Tried in order; the first that holds decides."""
    answer: Answer = Answer()
    """What is said where a case says nothing."""
    models: list[str] = Field(default_factory=list[str])
    """Models on offer, others are 404; without, every name is one."""
    connections: list[ConnectionCase] = Field(default_factory=list[ConnectionCase])
    """Connections to end at once; the first that holds decides."""
    down: list[Down] = Field(default_factory=list[Down])
    """Times in which nobody listens."""
    seed: int = 0
    """Seed of every draw."""
    embedding_dimensions: int = Field(default=8, ge=1, le=4096)
    """Length of an embedding where the request says nothing."""
    record: bool = False
    """Keep the bodies of requests, not only their hash."""
    keep: int = Field(default=10_000, ge=1)
    """Requests that the log keeps, the newest."""
