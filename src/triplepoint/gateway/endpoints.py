"""The paths that a model answers on."""

import msgspec

from triplepoint.gateway.outgoing import Task
from triplepoint.upstreams.dialects.model import Dialect


class Endpoint(msgspec.Struct, frozen=True):
    """One of them."""

    path: str
    dialect: Dialect
    task: Task


MODEL_ENDPOINTS = {
    endpoint.path: endpoint
    for endpoint in (
        Endpoint("/v1/chat/completions", Dialect.CHAT, Task.GENERATE),
        Endpoint("/v1/responses", Dialect.RESPONSES, Task.GENERATE),
        Endpoint("/v1/messages", Dialect.MESSAGES, Task.GENERATE),
        Endpoint("/v1/messages/count_tokens", Dialect.MESSAGES, Task.COUNT),
        Endpoint("/v1/embeddings", Dialect.CHAT, Task.EMBED),
    )
}
