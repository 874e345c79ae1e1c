"""Names of OpenTelemetry's GenAI conventions, all in one place.

Every one of them is still in *Development* status (read from open-telemetry/semantic-conventions-genai, which has no tagged
release, in 2026-11), and they have been renamed before. So they are written here once, as text, and not imported from the
``incubating`` package, which marks them deprecated since they moved. Content (``gen_ai.input.messages`` and its like) is not
among them: we capture none.
"""

from typing import Final

OPERATION_NAME: Final = "gen_ai.operation.name"
PROVIDER_NAME: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_STREAM: Final = "gen_ai.request.stream"
RESPONSE_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
RESPONSE_TIME_TO_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
USAGE_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
USAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
USAGE_CACHE_READ: Final = "gen_ai.usage.cache_read.input_tokens"
USAGE_CACHE_WRITE: Final = "gen_ai.usage.cache_creation.input_tokens"
USAGE_REASONING: Final = "gen_ai.usage.reasoning.output_tokens"
TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105 (an attribute's name, no secret)
ERROR_TYPE: Final = "error.type"
"""Stable, of the core conventions; so are the next three."""
HTTP_METHOD: Final = "http.request.method"
HTTP_ROUTE: Final = "http.route"
HTTP_STATUS: Final = "http.response.status_code"

CLIENT_TOKEN_USAGE: Final = "gen_ai.client.token.usage"  # noqa: S105 (a metric's name, no secret)
CLIENT_OPERATION_DURATION: Final = "gen_ai.client.operation.duration"
CLIENT_TIME_TO_FIRST_CHUNK: Final = "gen_ai.client.operation.time_to_first_chunk"
DURATION_BUCKETS_S: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""Of the two durations."""
TOKEN_BUCKETS: Final = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)

CHAT: Final = "chat"
EMBEDDINGS: Final = "embeddings"
_PROVIDERS: Final = {"openai": "openai", "azure": "azure.ai.openai", "anthropic": "anthropic"}

RECEIPT: Final = "triplepoint.receipt.id"
"""Ours; there is no convention for it, nor for the next ones."""
LINEUP: Final = "triplepoint.lineup"
CUSTOMER: Final = "triplepoint.customer.id"
UPSTREAM: Final = "triplepoint.upstream"
ATTEMPT: Final = "triplepoint.attempt"
OUTCOME: Final = "triplepoint.outcome"
SERVED_MODEL: Final = "triplepoint.model"
COST_USD: Final = "triplepoint.cost_usd"
"""Exact decimal, so text."""
USAGE_SOURCE: Final = "triplepoint.usage.source"


def operation(endpoint: str) -> str:
    """Return the operation that a path stands for."""
    return EMBEDDINGS if endpoint.endswith("/embeddings") else CHAT


def provider(kind: str) -> str:
    """Return the provider that an upstream's kind stands for: a well-known name where there is one, else the kind."""
    return _PROVIDERS.get(kind, kind)
