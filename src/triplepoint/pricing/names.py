"""Which model of the book a name means. No name is stretched: it is the book's, or one of the rules below gives one answer.

1. The book's own name, or another name of the vendor that a row lists (``also``), after ``provider/``.
2. ``X`` and ``X-latest`` are the same model where the book has one of them.
3. A dated name (``X-2024-08-06``, ``X-20240806``, ``X@20240806``) that the book does not list means X, provided that everything
   the book knows as X, dated or not, costs the same on the day in question: a snapshot may cost otherwise than its successor.
4. Without a provider, the rules above are tried for each. The model's maker comes before those who sell other people's models.

Where several answers remain, the name is ambiguous, and all of them are named. No rule looks at how a name begins:
``gpt-4o-pro`` is not ``gpt-4o``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from triplepoint.pricing.price import Price, canonical_row

RESELLERS = frozenset({"azure", "cerebras", "fireworks", "groq", "openrouter", "together"})
"""Providers of models that others have made; their price is meant only where they are named, or have the model alone."""
_SYNONYMS = {"xai": "x-ai", "gemini": "google", "mistralai": "mistral", "moonshot": "moonshotai"}
_MAKERS = (
    ("claude", "anthropic"), ("gpt-", "openai"), ("o1", "openai"), ("o3", "openai"), ("o4", "openai"), ("gemini", "google"),
    ("gemma", "google"), ("grok", "x-ai"), ("deepseek", "deepseek"), ("kimi", "moonshotai"), ("glm", "zai"),
)  # fmt: skip
"""Who makes what: only a tie between providers that have a model of exactly the same name is decided by it."""
_DATED = re.compile(r"(?:-|@)(20[0-9]{2})-?(0[1-9]|1[0-2])-?(0[1-9]|[12][0-9]|3[01])$")
_LATEST = "-latest"


@dataclass(frozen=True, slots=True)
class Resolved:
    """A name that means one model."""

    model: str
    """The book's name."""
    how: str
    """Why, for a person; empty where the name is the book's own."""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A name that means none, or more than one."""

    candidates: tuple[str, ...]
    """Models that it may mean; empty where there are none."""
    why: str


class NameIndex:
    """The names of a book.

    Args:
        also: Every model of the book, with the vendor's other names for it (without the provider).
        price: The book's price of a model on a day.
    """

    def __init__(self, also: Mapping[str, Iterable[str]], price: Callable[[str, date], Price | None]) -> None:
        self._price = price
        self._meaning: dict[str, str] = {}
        for model, names in also.items():
            provider = model.split("/", 1)[0]
            for name in names:
                self._meaning.setdefault(f"{provider}/{name}".lower(), model)
        self._meaning |= {model.lower(): model for model in also}
        self._providers = sorted({model.split("/", 1)[0] for model in also})
        self._families: dict[str, set[str]] = {}
        for name in self._meaning:
            self._families.setdefault(_undated(name), set()).add(name)

    def resolve(self, name: str, at: date) -> Resolved | Unresolved:
        """Find the model that a name means on a day."""
        wanted = name.strip().lower()
        provider, _, rest = wanted.partition("/")
        provider = _SYNONYMS.get(provider, provider)
        if rest and provider in self._providers:
            found = self._of_provider(f"{provider}/{rest}", at)
            if found is None:
                return Unresolved((), f"{provider} has no model {rest} in the price book")
            if isinstance(found, Unresolved) or found.model == name:
                return found
            return Resolved(found.model, found.how or "written otherwise")
        return self._anywhere(wanted, at)

    def _anywhere(self, wanted: str, at: date) -> Resolved | Unresolved:
        found = {provider: self._of_provider(f"{provider}/{wanted}", at) for provider in self._providers}
        hits = {provider: one for provider, one in found.items() if one is not None}
        if not hits:
            return Unresolved((), f"no provider has a model {wanted} in the price book")
        chosen = _preferred(wanted, list(hits))
        if chosen is None:
            models = tuple(sorted(one.model for one in hits.values() if isinstance(one, Resolved)))
            return Unresolved(models, f"{wanted} is ambiguous: several providers have it")
        one = hits[chosen]
        if isinstance(one, Unresolved):
            return one
        others = f", before {', '.join(other for other in hits if other != chosen)}" if len(hits) > 1 else ""
        return Resolved(one.model, "; ".join(filter(None, (f"{chosen} has a model of that name{others}", one.how))))

    def _of_provider(self, wanted: str, at: date) -> Resolved | Unresolved | None:
        model = self._meaning.get(wanted)
        if model is not None:
            return Resolved(model, "" if model.lower() == wanted else "the vendor's other name for it")
        twin = wanted.removesuffix(_LATEST) if wanted.endswith(_LATEST) else wanted + _LATEST
        model = self._meaning.get(twin)
        if model is not None:
            return Resolved(model, f"{twin.split('/', 1)[1]} is the same model")
        return self._of_family(wanted, at)

    def _of_family(self, wanted: str, at: date) -> Resolved | Unresolved | None:
        """Find the model of a dated name by everything that is called the same but for the date."""
        base = _undated(wanted)
        names = self._families.get(base, set())
        if not names:
            return None
        priced = {self._meaning[name]: price for name in names if (price := self._price(self._meaning[name], at)) is not None}
        if not priced:
            return None
        if len({str(_numbers(price)) for price in priced.values()}) > 1:
            why = f"{wanted} is ambiguous: models that are called {base} but for a date cost different amounts on {at}"
            return Unresolved(tuple(sorted(priced)), why)
        plain = self._meaning.get(base) or self._meaning.get(base + _LATEST)
        return Resolved(plain if plain in priced else max(priced), "every dated name of it costs the same")


def _undated(name: str) -> str:
    return _DATED.sub("", name.removesuffix(_LATEST))


def _numbers(price: Price) -> dict[str, object]:
    return {key: value for key, value in canonical_row(price.row).items() if key not in {"model", "since", "until"}}


def _preferred(wanted: str, providers: list[str]) -> str | None:
    """Choose between providers that all have a name; None where nothing tells."""
    if len(providers) == 1:
        return providers[0]
    makers = [provider for provider in providers if provider not in RESELLERS]
    if len(makers) == 1:
        return makers[0]
    maker = next((maker for beginning, maker in _MAKERS if wanted.startswith(beginning)), None)
    return maker if maker in makers else None
