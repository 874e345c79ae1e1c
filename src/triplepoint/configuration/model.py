"""A loaded configuration: immutable, complete, and safe to print."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from triplepoint.foundation.errors import Problem
from triplepoint.foundation.secret import Secret
from triplepoint.lineups.digest import SHOWN
from triplepoint.lineups.model import Lineup
from triplepoint.lineups.resolve import Names
from triplepoint.plans.model import PlansFile
from triplepoint.pricing.book import PriceBook
from triplepoint.pricing.price import Price
from triplepoint.routing.guarantee.model import Certificates
from triplepoint.routing.ports import Scorer
from triplepoint.settings import Settings, Upstream

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class LoadedScorer:
    """What a line-up's router has learnt."""

    scorer: Scorer
    """It knows models by the line-up's names."""
    certificates: Certificates
    """By the scorer's names."""
    file: str
    """Path in the folder of the configuration."""


@dataclass(frozen=True, slots=True)
class LoadedLineup:
    """A line-up with everything it names."""

    lineup: Lineup
    digest: str
    """SHA-256 of the line-up, its price rows and its upstreams; see `lineups.digest`."""
    prices: Mapping[str, Price]
    """Prices in force on the day of loading, by the name of their row."""
    learnt: LoadedScorer | None = None
    """What its router has learnt; None: it learns nothing."""

    @property
    def hash(self) -> str:
        """First characters of the digest, as shown in headers and receipts."""
        return self.digest[:SHOWN]


@dataclass(frozen=True, slots=True)
class LoadedPlans:
    """``plans.yaml`` with everything it names."""

    file: PlansFile
    digest: str
    """SHA-256 of what it says, and of the price rows that it charges by."""
    prices: Mapping[str, Price]
    """Prices in force on the day of loading that plans charge by, by the name of their row."""

    @property
    def hash(self) -> str:
        """First characters of the digest, as receipts show it."""
        return self.digest[:SHOWN]


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that the files of an installation say."""

    folder: Path
    settings: Settings
    active: LoadedLineup
    """The line-up that serves plain names."""
    lineups: Mapping[str, LoadedLineup]
    """Every line-up that resolves, the active one included, by name; pins may name them."""
    plans: LoadedPlans | None
    """What is sold; None without ``plans.yaml``: then everybody may everything, and is charged what it costs."""
    names: Names
    """What can be asked for."""
    book: PriceBook
    """All prices, of all days."""
    files: Mapping[str, str]
    """SHA-256 of each file that was read, by name."""
    warnings: tuple[Problem, ...]
    """What does not stop the start, but somebody should know."""
    secrets: Mapping[str, Secret] = field(repr=False)
    """Values of the environment variables that the files name."""

    @property
    def lineup(self) -> Lineup:
        """The active line-up, as written."""
        return self.active.lineup

    @property
    def data(self) -> Path:
        """Folder for keys, journal and ledger."""
        return self.folder / self.settings.data

    def api_key(self, upstream: Upstream) -> Secret | None:
        """Return the key of an upstream; None where it has none, or its variable is not set."""
        reference: str | None = getattr(upstream, "api_key", None)
        name = variable_name(reference) if reference is not None else None
        return self.secrets.get(name) if name is not None else None


def variable_name(reference: str) -> str | None:
    """Return ``NAME`` of a ``${NAME}``."""
    match = _REFERENCE.fullmatch(reference)
    return match[1] if match else None
