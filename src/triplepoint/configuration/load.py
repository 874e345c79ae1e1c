"""Reads a configuration folder: files, then what they say of each other, then one immutable object."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

import msgspec

from triplepoint.configuration import check_lineups, check_plans, check_settings
from triplepoint.configuration.check_lineups import Findings
from triplepoint.configuration.check_settings import Found
from triplepoint.configuration.model import Configuration, LoadedLineup, LoadedPlans, LoadedScorer, variable_name
from triplepoint.configuration.scorers import ScorerReading, ScorerShelf
from triplepoint.files.checked import Reading, read_file
from triplepoint.files.nearest import suggest
from triplepoint.foundation.errors import Problem, SettingsInvalid
from triplepoint.foundation.secret import Secret
from triplepoint.lineups.digest import lineup_digest
from triplepoint.lineups.model import Lineup
from triplepoint.lineups.resolve import Names
from triplepoint.plans.model import PlansFile, PricesCharge
from triplepoint.pricing.book import PriceBook, read_book
from triplepoint.pricing.model import PriceFile
from triplepoint.pricing.price import canonical_row
from triplepoint.settings import SETTINGS_FILE, Settings

LINEUPS = "lineups"
"""Folder of line-up files."""
PRICES = "prices"
"""Folder of price files."""
PLANS = "plans.yaml"
"""File of plans; an installation may do without."""


@dataclass(frozen=True, slots=True)
class _Files:
    """Every file of a folder, read."""

    settings: Reading[Settings]
    lineups: Mapping[str, Reading[Lineup]]
    """By the name of the file without its ending."""
    prices: Sequence[Reading[PriceFile]]
    plans: Reading[PlansFile] | None
    """None where there is no such file."""

    def all(self) -> list[Reading[Settings] | Reading[Lineup] | Reading[PriceFile] | Reading[PlansFile]]:
        """Return every file."""
        plans = [self.plans] if self.plans is not None else []
        return [self.settings, *self.lineups.values(), *self.prices, *plans]

    def problems(self) -> list[Problem]:
        """Return what is wrong within each file."""
        return [problem for reading in self.all() for problem in reading.problems]


def load_configuration(folder: Path, environ: Mapping[str, str], today: date) -> Configuration:
    """Load everything that an installation is configured by.

    Args:
        folder: Where ``triplepoint.yaml`` is.
        environ: Environment in which the ``${NAME}`` are looked up.
        today: Day (UTC) whose prices are in force.
    Raises: SettingsInvalid: with every problem of every file.
    """
    files = _read(folder)
    book, price_problems = read_book(files.prices)
    shelf = ScorerShelf(folder)
    scorers = {name: shelf.read(reading) for name, reading in files.lineups.items()}
    lineups = check_lineups.check(files.lineups, files.settings.value, book, today, scorers)
    settings = _check_settings(files, lineups, folder, environ)
    plans = _check_plans(files, book, today)
    problems = [*files.problems(), *price_problems, *lineups.problems, *settings.problems, *plans]
    if problems or files.settings.value is None:
        raise SettingsInvalid(sorted(set(problems), key=lambda problem: (problem.file, problem.line, problem.key)))
    loaded = _loaded(files, lineups.whole, files.settings.value, book, today, scorers)
    active = loaded[files.settings.value.lineup]
    return Configuration(
        folder=folder,
        settings=files.settings.value,
        active=active,
        lineups=loaded,
        plans=_load_plans(files.plans.value, book, today)
        if files.plans is not None and files.plans.value is not None
        else None,
        names=Names(active.lineup, {name: one.lineup for name, one in loaded.items()}),
        book=book,
        files=_hashes(folder, files, loaded),
        warnings=(*lineups.warnings, *settings.warnings),
        secrets=_secrets(files.settings.value, environ),
    )


def load_book(folder: Path) -> PriceBook:
    """Load the price book of a folder alone.

    Raises: SettingsInvalid: with every problem of every price file.
    """
    return whole_book(read_prices(folder / PRICES))


def whole_book(files: Sequence[Reading[PriceFile]]) -> PriceBook:
    """Put price files together that must be without problems.

    Raises: SettingsInvalid: with every problem of every price file.
    """
    book, problems = read_book(files)
    problems += [problem for reading in files for problem in reading.problems]
    if not files:
        problems = [
            Problem(PRICES, 0, "", "holds no price file", "run 'triplepoint init' to write some, or name the folder with -C")
        ]
    if problems:
        raise SettingsInvalid(problems)
    return book


def read_prices(path: Path) -> list[Reading[PriceFile]]:
    """Read price files.

    Args:
        path: A folder of price files, an installation's folder, or one price file.
    """
    if path.is_file():
        return [read_file(path, PriceFile, name=path.name)]
    folder = path / PRICES if (path / PRICES).is_dir() else path
    return [read_file(file, PriceFile, name=f"{PRICES}/{file.name}") for file in _yaml_files(folder)]


def read_plans(folder: Path) -> PlansFile | None:
    """Read ``plans.yaml`` alone, not held against line-ups and prices; so a customer can be moved while one of those is broken.

    Returns: What it says; None: there is none.
    Raises: SettingsInvalid: with every problem within it.
    """
    if not (folder / PLANS).is_file():
        return None
    reading = read_file(folder / PLANS, PlansFile, name=PLANS)
    if reading.value is None:
        raise SettingsInvalid(list(reading.problems))
    return reading.value


def _read(folder: Path) -> _Files:
    settings = read_file(folder / SETTINGS_FILE, Settings, name=str(SETTINGS_FILE))
    if not (folder / SETTINGS_FILE).is_file():
        missing = Problem(
            str(SETTINGS_FILE), 0, "", "is not there", "run 'triplepoint init' to write one, or name its folder with -C"
        )
        raise SettingsInvalid([missing])
    lineups = {path.stem: read_file(path, Lineup, name=f"{LINEUPS}/{path.name}") for path in _yaml_files(folder / LINEUPS)}
    plans = read_file(folder / PLANS, PlansFile, name=PLANS) if (folder / PLANS).is_file() else None
    return _Files(settings, lineups, read_prices(folder / PRICES), plans)


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yaml")) if folder.is_dir() else []


def _check_settings(files: _Files, lineups: Findings, folder: Path, environ: Mapping[str, str]) -> Found:
    settings = files.settings.value
    if settings is None:
        return Found([], [])
    used = lineups.upstreams.get(settings.lineup, frozenset())
    found = check_settings.check(files.settings, folder=folder, environ=environ, used=used)
    if settings.lineup not in files.lineups:
        fix = (
            suggest(settings.lineup, files.lineups, "line-ups") if files.lineups else f"write {LINEUPS}/{settings.lineup}.yaml"
        )
        message = f"there is no {LINEUPS}/{settings.lineup}.yaml"
        found.problems.append(files.settings.problem(("lineup",), message, fix))
    return found


def _check_plans(files: _Files, book: PriceBook, today: date) -> list[Problem]:
    if files.plans is None:
        return []
    active = files.lineups.get(files.settings.value.lineup) if files.settings.value is not None else None
    lineup = active.value if active is not None else None
    return check_plans.check(files.plans, lineup, files.settings.value, book, today)


def _load_plans(plans: PlansFile, book: PriceBook, today: date) -> LoadedPlans:
    rows = {
        row for plan in plans.plans.values() if isinstance(plan.charge, PricesCharge) for row in plan.charge.prices.values()
    }
    found = {row: book.price(row, today) for row in sorted(rows)}
    prices = {row: price for row, price in found.items() if price is not None}
    content = {"plans": plans.model_dump(mode="json"), "prices": {row: canonical_row(one.row) for row, one in prices.items()}}
    digest = hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()
    return LoadedPlans(plans, digest, MappingProxyType(prices))


def _loaded(
    files: _Files,
    whole: frozenset[str],
    settings: Settings,
    book: PriceBook,
    today: date,
    scorers: Mapping[str, ScorerReading],
) -> Mapping[str, LoadedLineup]:
    loaded: dict[str, LoadedLineup] = {}
    for name in sorted(whole):
        lineup = files.lineups[name].value
        if lineup is not None:
            loaded[name] = _load_one(lineup, settings, book, today, learnt=scorers[name].loaded)
    return MappingProxyType(loaded)


def _load_one(lineup: Lineup, settings: Settings, book: PriceBook, today: date, *, learnt: LoadedScorer | None) -> LoadedLineup:
    targets = [target for model in lineup.models.values() for target in model.upstreams]
    found = {target.price: book.price(target.price, today) for target in targets}
    prices = {name: price for name, price in found.items() if price is not None}
    digest = lineup_digest(
        lineup,
        prices={name: canonical_row(price.row) for name, price in prices.items()},
        upstreams={target.upstream: settings.upstreams[target.upstream] for target in targets},
    )
    return LoadedLineup(lineup, digest, MappingProxyType(prices), learnt)


def _hashes(folder: Path, files: _Files, lineups: Mapping[str, LoadedLineup]) -> Mapping[str, str]:
    names = [reading.name for reading in files.all()]
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    learnt = [lineup.learnt for lineup in lineups.values() if lineup.learnt is not None]
    return MappingProxyType(hashes | {one.file: one.scorer.digest for one in learnt})


def _secrets(settings: Settings, environ: Mapping[str, str]) -> Mapping[str, Secret]:
    references = [getattr(upstream, "api_key", None) for upstream in settings.upstreams.values()]
    names = {name for reference in references if reference is not None and (name := variable_name(reference)) is not None}
    return MappingProxyType({name: Secret(environ[name]) for name in sorted(names) if environ.get(name)})
