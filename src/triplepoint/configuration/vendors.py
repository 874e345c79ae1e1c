"""Hosted vendors that `triplepoint init` knows: the variable their key is in, their address, and a few models each.

Addresses, names and context windows are facts from the vendors' pages and genai-prices 0.2.3 (MIT); the price rows are in the
seed book, and a test holds the two together. This is a start, not a list of what may be used: any model with a price row may be
added.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from triplepoint.lineups.model import Capability

_TEXT = (Capability.CHAT, Capability.TOOLS, Capability.JSON)
_IMAGES = (*_TEXT, Capability.IMAGES)
_EMBEDDINGS = (Capability.EMBEDDINGS,)


@dataclass(frozen=True, slots=True)
class Offer:
    """One model of a vendor."""

    model: str
    """Name there."""
    price: str
    """Row of the seed book."""
    context_tokens: int
    capabilities: tuple[Capability, ...] = _TEXT

    @property
    def name(self) -> str:
        """Name in our line-up: without the vendor's folder, so that two vendors of one model are each other's fallback."""
        return self.model.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Vendor:
    """One hosted upstream."""

    name: str
    variables: tuple[str, ...]
    """Environment variables of its key; the first that is set counts."""
    fields: tuple[tuple[str, str], ...]
    """Keys of its upstream beside ``api_key``."""
    offers: tuple[Offer, ...]
    """Weakest first; empty where the seed book can price none of them."""
    note: str = ""
    """Comment above the upstream."""

    def variable(self, environ: Mapping[str, str]) -> str | None:
        """Return the variable that holds its key here; None where there is none."""
        return next((name for name in self.variables if environ.get(name)), None)


def _openai(base_url: str, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return (("kind", "openai"), ("base_url", base_url), *more)


VENDORS = (
    Vendor(
        "openai",
        ("OPENAI_API_KEY",),
        _openai("https://api.openai.com/v1", ("responses", "true")),
        (
            Offer("gpt-6-luna", "openai/gpt-6-luna", 1_050_000, _IMAGES),
            Offer("gpt-6.1-terra", "openai/gpt-6.1-terra", 1_050_000, _IMAGES),
            Offer("gpt-6.1-sol", "openai/gpt-6.1-sol", 1_050_000, _IMAGES),
            Offer("text-embedding-3-small", "openai/text-embedding-3-small", 8192, _EMBEDDINGS),
        ),
    ),
    Vendor(
        "anthropic",
        ("ANTHROPIC_API_KEY",),
        (("kind", "anthropic"),),
        (
            Offer("claude-haiku-5-5", "anthropic/claude-haiku-5-5", 1_000_000, _IMAGES),
            Offer("claude-sonnet-5-5", "anthropic/claude-sonnet-5-5", 1_000_000, _IMAGES),
            Offer("claude-opus-5-5", "anthropic/claude-opus-5-5", 1_000_000, _IMAGES),
        ),
    ),
    Vendor(
        "deepseek",
        ("DEEPSEEK_API_KEY",),
        _openai("https://api.deepseek.com/v1"),
        (),
        "Its prices depend on the time of day, which the price book cannot say: add a row that you accept, then a model.",
    ),
    Vendor(
        "xai",
        ("XAI_API_KEY",),
        _openai("https://api.x.ai/v1"),
        (
            Offer("grok-4-1-fast-non-reasoning", "x-ai/grok-4-1-fast-non-reasoning", 2_000_000),
            Offer("grok-4.7", "x-ai/grok-4.7", 500_000),
        ),
    ),
    Vendor(
        "mistral",
        ("MISTRAL_API_KEY",),
        _openai("https://api.mistral.ai/v1"),
        (
            Offer("mistral-small-2603", "mistral/mistral-small-2603", 262_144),
            Offer("mistral-large-4", "mistral/mistral-large-4", 1_048_576),
        ),
    ),
    Vendor(
        "gemini",
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        _openai("https://generativelanguage.googleapis.com/v1beta/openai"),
        (
            Offer("gemini-3.5-flash-lite", "google/gemini-3.5-flash-lite", 1_000_000, _IMAGES),
            Offer("gemini-3.5-flash", "google/gemini-3.5-flash", 1_000_000, _IMAGES),
        ),
    ),
    Vendor(
        "groq",
        ("GROQ_API_KEY",),
        _openai("https://api.groq.com/openai/v1"),
        (
            Offer("openai/gpt-oss-20b", "groq/openai/gpt-oss-20b", 131_072),
            Offer("openai/gpt-oss-120b", "groq/openai/gpt-oss-120b", 131_072),
        ),
    ),
    Vendor(
        "openrouter",
        ("OPENROUTER_API_KEY",),
        _openai("https://openrouter.ai/api/v1"),
        (
            Offer("openai/gpt-oss-20b", "openrouter/openai/gpt-oss-20b", 131_072),
            Offer("z-ai/glm-5.3", "openrouter/z-ai/glm-5.3", 1_048_576),
            Offer("moonshotai/kimi-k3", "openrouter/moonshotai/kimi-k3", 1_048_576),
        ),
    ),
)
"""In the order in which they are written."""
