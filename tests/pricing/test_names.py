"""Which model a name means: one, none, or several that are named."""

from datetime import date

import pytest

from triplepoint.configuration.load import load_book
from triplepoint.files.seed import seed_folder
from triplepoint.pricing.book import PriceBook
from triplepoint.pricing.model import PriceRow
from triplepoint.pricing.names import Resolved, Unresolved

TODAY = date(2026, 11, 20)


def book(*rows: tuple[str, str, list[str]]) -> PriceBook:
    """Make a book of (model, input rate, further names)."""
    return PriceBook.of(
        PriceRow.model_validate({"model": model, "since": "2024-01-01", "input_usd_per_mtok": rate, "also": also})
        for model, rate, also in rows
    )


SMALL = book(
    ("openai/gpt-4o", "2.5", ["gpt-4o-2024-08-06", "gpt-4o-2024-11-20"]),
    ("openai/gpt-4o-2024-05-13", "5", []),
    ("openai/gpt-4o-mini", "0.15", []),
    ("openai/o3", "2", []),
    ("anthropic/claude-3-5-haiku-latest", "0.8", ["claude-3.5-haiku"]),
    ("google/claude-3-5-haiku", "0.9", []),
    ("azure/o3", "2.2", []),
    ("groq/llama-3", "1", []),
    ("together/llama-3", "1", []),
    ("mistral/small", "1", []),
    ("cohere/small", "1", []),
)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("openai/gpt-4o", "openai/gpt-4o"),
        ("OpenAI/GPT-4o", "openai/gpt-4o"),
        ("gpt-4o", "openai/gpt-4o"),
        ("gpt-4o-2024-08-06", "openai/gpt-4o"),
        ("gpt-4o-2024-05-13", "openai/gpt-4o-2024-05-13"),
        ("gpt-4o-mini-2024-07-18", "openai/gpt-4o-mini"),
        ("openai/gpt-4o-mini-latest", "openai/gpt-4o-mini"),
        ("o3-2025-04-16", "openai/o3"),
        ("o3@20250416", "openai/o3"),
        ("azure/o3", "azure/o3"),
        ("o3", "openai/o3"),
        ("anthropic/claude-3-5-haiku", "anthropic/claude-3-5-haiku-latest"),
        ("anthropic/claude-3.5-haiku", "anthropic/claude-3-5-haiku-latest"),
        ("claude-3-5-haiku-20241022", "anthropic/claude-3-5-haiku-latest"),
        ("claude-3-5-haiku-latest", "anthropic/claude-3-5-haiku-latest"),
    ],
)
def test_a_name_means_one_model(name: str, model: str):
    """Own names, aliases, twins with -latest, dated names of one price, and bare names of what one vendor makes are found."""
    found = SMALL.resolve(name, TODAY)
    assert isinstance(found, Resolved)
    assert found.model == model
    assert bool(found.how) is (name != model)


@pytest.mark.parametrize(
    "name",
    ["gpt-4o-pro", "openai/gpt-4", "gpt-4o-2024-13-01", "gpt-4o-0806", "o", "openai/", "", "/", "mistral/gpt-4o", "gpt-4o-"],
)
def test_a_name_is_never_stretched(name: str):
    """What merely begins like a model, or is another vendor's, is unknown: it has no candidates and no price."""
    found = SMALL.resolve(name, TODAY)
    assert isinstance(found, Unresolved)
    assert found.candidates == ()


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("gpt-4o-2024-12-12", ("openai/gpt-4o", "openai/gpt-4o-2024-05-13")),
        ("openai/gpt-4o-2024-12-12", ("openai/gpt-4o", "openai/gpt-4o-2024-05-13")),
        ("llama-3", ("groq/llama-3", "together/llama-3")),
        ("small", ("cohere/small", "mistral/small")),
    ],
)
def test_an_ambiguous_name_tells_its_candidates(name: str, candidates: tuple[str, ...]):
    """A snapshot that nobody priced among others of different prices, or a name that several vendors use, is not guessed."""
    found = SMALL.resolve(name, TODAY)
    assert isinstance(found, Unresolved)
    assert found.candidates == candidates
    assert "ambiguous" in found.why


def test_every_name_of_the_seed_means_its_own_model():
    """No name of a model is taken by another's alias, with or without dates."""
    seed = load_book(seed_folder())
    assert [name for name in seed.models() if seed.resolve(name, TODAY) != Resolved(name, "")] == []


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("gpt-4o", "openai/gpt-4o"),
        ("claude-3-5-haiku-20241022", "anthropic/claude-3-5-haiku-latest"),
        ("claude-opus-5-5-20260601", "anthropic/claude-opus-5-5"),
        ("o3-2025-04-16", "openai/o3"),
        ("xai/grok-4.20", "x-ai/grok-4.20"),
        ("deepseek-chat", "deepseek/deepseek-chat"),
        ("openrouter/openai/gpt-4o", "openrouter/openai/gpt-4o"),
    ],
)
def test_names_that_people_use_are_found_in_the_seed(name: str, model: str):
    """Bare and dated names of well-known models mean their maker's."""
    found = load_book(seed_folder()).resolve(name, TODAY)
    assert isinstance(found, Resolved)
    assert found.model == model
