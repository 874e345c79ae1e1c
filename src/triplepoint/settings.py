"""The one settings object: what ``triplepoint.yaml`` may say.

Everything here is typed and documented; ``schemas/triplepoint.schema.json`` is generated from it. Durations and sizes carry
their unit (``30s``, ``32MiB``). A secret is written as ``${NAME_OF_ENV}`` and never in plain text. Line-ups and prices have
files of their own (`lineups.model`, `pricing.model`).
"""

import re
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from triplepoint.foundation.units import parse_duration, parse_size

_DURATION_PATTERN = r"^\d+(\.\d+)?\s*(us|ms|s|m|h|d)$"
_SIZE_PATTERN = r"^\d+(\.\d+)?\s*(B|kB|MB|GB|KiB|MiB|GiB)$"
_AMOUNT_FORM = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_QUOTED = 'write a whole number, or an amount in quotes, such as "2.50"'
_REFERENCE_PATTERN = r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"


def _duration(value: object) -> object:
    return _quantity(value, parse_duration, "30s")


def _size(value: object) -> object:
    return _quantity(value, parse_size, "32MiB")


def _quantity(value: object, parse: Callable[[str], float], example: str) -> float:
    fix = f"write it like {example}"
    if not isinstance(value, str):
        raise PydanticCustomError("unit_missing", "{value} has no unit", {"value": str(value), "fix": fix})
    try:
        return parse(value)
    except ValueError as error:
        raise PydanticCustomError("unit_wrong", "{message}", {"message": str(error), "fix": fix}) from error


def _secret(value: str) -> str:
    if not re.fullmatch(_REFERENCE_PATTERN, value):  # never with the value in the message
        raise PydanticCustomError("plain_secret", "a secret in plain text is refused")
    return value


def _amount(value: object) -> object:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise PydanticCustomError("amount_not_exact", "{value} is not exact", {"value": str(value)[:40], "fix": _QUOTED})
    if not _AMOUNT_FORM.fullmatch(str(value)):
        raise PydanticCustomError("amount_form", "{value} is not an amount", {"value": repr(value)[:40], "fix": _QUOTED})
    return Decimal(value)


Duration = Annotated[
    float, BeforeValidator(_duration), WithJsonSchema({"type": "string", "pattern": _DURATION_PATTERN, "examples": ["30s"]})
]
"""Seconds, written with a unit."""

Size = Annotated[
    int, BeforeValidator(_size), WithJsonSchema({"type": "string", "pattern": _SIZE_PATTERN, "examples": ["32MiB"]})
]
"""Bytes, written with a unit."""

Amount = Annotated[
    Decimal,
    BeforeValidator(_amount),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^\d{1,12}(\.\d{1,9})?$"}],
            "examples": [3000],
        }
    ),
]
"""An exact amount: a whole number, or a decimal in quotes so that no float comes between."""

SecretRef = Annotated[
    str,
    AfterValidator(_secret),
    WithJsonSchema({"type": "string", "pattern": _REFERENCE_PATTERN, "examples": ["${OPENAI_API_KEY}"]}),
]
"""Name of an environment variable as ``${NAME}``; resolved when the snapshot is compiled, never written anywhere."""


class FileModel(BaseModel):
    """Base of everything read from a file: unknown keys and loose types are refused, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class UpstreamKind(StrEnum):
    """What speaks at the other end."""

    OPENAI = "openai"
    AZURE = "azure"
    ANTHROPIC = "anthropic"
    LOCAL = "local"
    SIMULATED = "simulated"


class LimitSettings(FileModel):
    """Time limits of one upstream."""

    connect: Duration = 5.0
    """Until the TCP (and TLS) connection stands."""
    first_byte: Duration = 120.0
    """From the last byte of the request to the first of the answer."""
    idle: Duration = 60.0
    """Longest silence inside an answer."""
    total: Duration = 600.0
    """The whole attempt; 10 minutes is what the official clients wait."""


class RetrySettings(FileModel):
    """When an attempt failed before the first byte reached the caller."""

    attempts: int = Field(default=3, ge=1, le=10)
    """All attempts of a request together, the first and those at other upstreams included."""
    base: Duration = 0.25
    """First pause; doubles each time, and the real pause is drawn between 0 and it (full jitter)."""
    longest: Duration = 8.0
    """Longest pause; an upstream that asks for more in Retry-After is not waited for."""


class BreakerSettings(FileModel):
    """When an upstream is left alone for a while."""

    failures: int = Field(default=5, ge=1)
    """Failures in a row that open the breaker."""
    rest: Duration = 10.0
    """How long it stays open before one request may try."""


class PoolSettings(FileModel):
    """Connections to one upstream."""

    connections: int = Field(default=256, ge=1)
    """At most so many at once; further requests wait for one."""
    keep_alive: Duration = 30.0
    """How long an idle connection is kept."""


class Gpu(StrEnum):
    """Accelerators whose figures are known."""

    A100 = "A100"
    H100 = "H100"
    H200 = "H200"
    B200 = "B200"
    L40S = "L40S"
    MI300X = "MI300X"


class Precision(StrEnum):
    """How a model's weights are kept."""

    BF16 = "bfloat16"
    FP8 = "fp8"
    FP4 = "mxfp4"


BATCH_LEAST, BATCH_MOST = 8.0, 256.0
"""Generations at once that are likely where nobody says."""


class RunsOn(FileModel):
    """What a model runs on, as far as you know it. Each thing left out widens the interval of the estimate."""

    gpu: Gpu | None = Field(default=None, strict=False)
    """Accelerator."""
    gpus: int | None = Field(default=None, ge=1, le=64)
    """Accelerators that run one copy of the model together."""
    batch: float | None = Field(default=None, ge=1, le=4096)
    """Generations that run at once on one copy, on average; unknown without."""
    batch_least: float | None = Field(default=None, ge=1, le=4096)
    """Where ``batch`` is unknown: the least that is likely, 8 by default; every ratio up to ``batch_most`` counts alike."""
    batch_most: float | None = Field(default=None, ge=1, le=4096)
    """Where ``batch`` is unknown: the most that is likely, 256 by default."""
    precision: Precision | None = Field(default=None, strict=False)
    """Form of the weights."""
    active_params_b: float | None = Field(default=None, gt=0, le=10_000)
    """Billions of parameters that work on each token; read from the model's name where that says it, such as ``70b`` or
    ``30b-a3b``."""
    total_params_b: float | None = Field(default=None, gt=0, le=100_000)
    """Billions of parameters in all; the same as the active ones without."""
    measured_as: str | None = None
    """Model of the measured table that it is, such as ``meta-llama/Llama-3.1-70B-Instruct``; found by its name without."""
    thread_watts: float | None = Field(default=None, gt=0, le=1000)
    """On a processor: watts that one busy thread draws, its share of memory and board included; 4 to 16 without."""


class EnergySettings(RunsOn):
    """What an upstream runs on and where it stands, for the energy and carbon on receipts."""

    zone: str | None = None
    """Electricity grid: a country (``FRA``), a state of the USA (``US-CA``), a Nordic zone (``SE3``) or a region of Google's
    cloud (``europe-west4``). Without, the world's mix with its whole range."""
    pue: float | None = Field(default=None, ge=1, le=5)
    """Energy of the data centre for each unit that its computers take. Without, it is part of the estimated overhead."""
    models: dict[str, RunsOn] = {}
    """Where models of this upstream differ, by their names there."""


Region = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
"""A name of your own for where data may be, such as ``eu``: lower case, digits and ``-``."""


class UpstreamBase(FileModel):
    """What every upstream may set."""

    limits: LimitSettings = LimitSettings()
    """Time limits."""
    retry: RetrySettings = RetrySettings()
    """Retries."""
    breaker: BreakerSettings = BreakerSettings()
    """Circuit breaker."""
    pool: PoolSettings = PoolSettings()
    """Connections."""
    region: Region | None = None
    """Where it keeps and works on what it is sent, for plans with ``regions``; without, it is in none that a plan names."""
    energy: EnergySettings | None = None
    """What it runs on and where it stands, for the energy and carbon on receipts."""


class OpenAIUpstream(UpstreamBase):
    """Any server that speaks OpenAI's API: OpenAI, vLLM, llama.cpp, Ollama, DeepSeek, xAI, Mistral, OpenRouter, …"""

    kind: Literal["openai"]
    """Always ``openai``."""
    base_url: str = Field(pattern=r"^https?://[^\s?#]+$")
    """Up to and with ``/v1``."""
    api_key: SecretRef | None = None
    """Sent as a bearer token."""
    responses: bool = False
    """The server has ``/responses`` of its own; without, we translate to chat completions."""
    headers: dict[str, str] = {}
    """Sent with every request, such as an organisation; never a secret."""


class AzureUpstream(UpstreamBase):
    """Azure OpenAI; the model's name is the deployment's."""

    kind: Literal["azure"]
    """Always ``azure``."""
    base_url: str = Field(pattern=r"^https?://[^\s?#]+$")
    """``https://NAME.openai.azure.com``."""
    api_version: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}(-preview)?$")
    """Such as ``2024-10-21``."""
    api_key: SecretRef
    """Sent as ``api-key``."""


class AnthropicUpstream(UpstreamBase):
    """A server that speaks Anthropic's Messages API."""

    kind: Literal["anthropic"]
    """Always ``anthropic``."""
    base_url: str = Field(default="https://api.anthropic.com/v1", pattern=r"^https?://[^\s?#]+$")
    """Up to and with ``/v1``."""
    api_key: SecretRef | None = None
    """Sent as ``x-api-key``."""
    version: str = "2023-06-01"
    """``anthropic-version``, where the caller sends none."""


class LocalUpstream(UpstreamBase):
    """A model on this machine: llama.cpp as a process of its own, started and watched by the gateway."""

    kind: Literal["local"]
    """Always ``local``."""
    gguf: str
    """``nano``, ``mini`` or ``regular`` for the embedded family, or the path of any GGUF file."""
    threads: int = Field(default=1, ge=1)
    """Threads of this model; 1 is right on a small or shared machine."""
    slots: int = Field(default=4, ge=1)
    """Generations that llama.cpp batches at once."""
    context_tokens: int = Field(default=4096, ge=256)
    """Context of each slot."""


class SimulatedUpstream(UpstreamBase):
    """A scripted upstream on loopback, for tests, rehearsals and demonstrations; see `upstreams.simulated`."""

    kind: Literal["simulated"]
    """Always ``simulated``."""
    script: str | None = None
    """Path of a script file; without, it echoes."""


Upstream = Annotated[
    OpenAIUpstream | AzureUpstream | AnthropicUpstream | LocalUpstream | SimulatedUpstream, Field(discriminator="kind")
]


class GatewaySettings(FileModel):
    """The data plane."""

    listen: str = Field(default="127.0.0.1:8080", pattern=r"^[^\s]+:\d+$")
    """Address and port. Beyond loopback it starts only with ``TRIPLEPOINT_SECRET`` set."""
    max_body: Size = 32 * 2**20
    """Largest request body, counted after decompression."""
    max_answer: Size = 64 * 2**20
    """Largest answer that is not a stream."""
    max_connections: int = Field(default=20_000, ge=1)
    """Open connections, idle ones included."""
    body_timeout: Duration = 30.0
    """Longest silence while a caller sends its body."""
    send_timeout: Duration = 60.0
    """Longest time that a caller may not read its answer before it is cut off."""
    requests_per_minute_per_key: int | None = Field(default=6000, ge=1)
    """Requests that one key may send in a minute, and at once; further ones get 429. ``null``: no limit."""
    keep_alive_comment: Duration = 15.0
    """Silence in a stream after which a comment line is sent, so that proxies keep the connection."""
    local_generations: int = Field(default=2, ge=1)
    """Generations at once over the whole embedded family; more wait in a queue."""
    local_queue: int = Field(default=64, ge=0)
    """Requests that may wait for the embedded family; further ones are refused with 503."""
    workers: int = Field(default=1, ge=1, le=256)
    """Gateway processes on this machine, all on the one port; more than one need shared ``counters``."""
    poll: Duration = 2.0
    """With a ``database``: how often a gateway asks it whether keys or customers changed. It is told at once as well; this is
    for the word that got lost."""


class ControlSettings(FileModel):
    """The control plane."""

    listen: str = Field(default="127.0.0.1:8081", pattern=r"^[^\s]+:\d+$")
    """Address and port of admin API and console."""
    session: Duration = 43200.0
    """How long a login lasts."""


class WhenFull(StrEnum):
    """What a gateway does whose journal cannot be written."""

    STOP = "stop"
    """Refuse requests with 503 until it can: nothing unrecorded is ever sent. The default."""
    CONTINUE = "continue"
    """Go on answering, count the unrecorded and keep them in memory to write later; say so in log, metric and /readyz."""


class JournalSettings(FileModel):
    """The append-only record behind every receipt."""

    fsync: Duration = 0.1
    """How often written records are forced to disk, together."""
    segment: Size = 64 * 2**20
    """Size at which a new segment begins."""
    when_full: WhenFull = Field(default=WhenFull.STOP, strict=False)
    """What happens when the disk is full."""


class CounterKind(StrEnum):
    """Where quotas and rate limits are counted."""

    MEMORY = "memory"
    """In the gateway's own memory, made anew from ledger and journal when it starts: one gateway process."""
    VALKEY = "valkey"
    """In a Valkey (or Redis) server that all gateway processes share."""


class CounterSettings(FileModel):
    """Counters of quotas and rate limits."""

    kind: CounterKind = Field(default=CounterKind.MEMORY, strict=False)
    """Where they are."""
    url: SecretRef | None = None
    """Environment variable with the server's URL, such as ``valkey://:PASSWORD@HOST:6379/0``; with ``kind: valkey`` only."""


class TelemetrySettings(FileModel):
    """What can be seen from outside."""

    otlp_endpoint: str | None = None
    """OpenTelemetry collector (OTLP over HTTP), such as ``http://127.0.0.1:4318``; off without."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level that is logged."""


class BillingSettings(FileModel):
    """What statements and usage events say of whoever issues them."""

    issuer: str = ""
    """Name at the head of a statement."""
    address: str = ""
    """Lines under it."""
    tax: str = ""
    """Line with a tax number."""
    footer: str = ""
    """Lines at the foot, such as how to pay."""
    currency_note: str = "All amounts are in US dollars. Each line is rounded once, half to even; exact amounts stand beside."
    """Sentence under the figures."""
    font: str | None = None
    """TrueType font for PDF, needed where a name has letters beyond western European ones."""
    source: str | None = Field(default=None, pattern=r"^[^\s]+$")
    """``source`` of usage events (CloudEvents): a URI of this installation. Without, one that is derived from its secret."""


class Settings(FileModel):
    """``triplepoint.yaml``."""

    lineup: str
    """Name of the active line-up: the file in ``lineups/`` without its ending."""
    data: str = ".triplepoint"
    """Folder for keys, journal and ledger, from the folder of this file."""
    database: SecretRef | None = None
    """Environment variable with the URL of a PostgreSQL database that several machines share, such as
    ``postgresql://USER:PASSWORD@HOST/NAME``. Without: a SQLite file in the data folder."""
    counters: CounterSettings = CounterSettings()
    """Counters of quotas and rate limits."""
    gateway: GatewaySettings = GatewaySettings()
    """The data plane."""
    control: ControlSettings = ControlSettings()
    """The control plane."""
    journal: JournalSettings = JournalSettings()
    """The journal."""
    telemetry: TelemetrySettings = TelemetrySettings()
    """Metrics, traces, logs."""
    billing: BillingSettings = BillingSettings()
    """Letterhead of statements, source of usage events."""
    upstreams: dict[str, Upstream]
    """Servers that run models, by name."""


SETTINGS_FILE = Path("triplepoint.yaml")
"""Name of the settings file, in the folder that a command runs in."""
