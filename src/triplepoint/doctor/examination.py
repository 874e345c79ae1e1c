"""What the checks look at: files, environment and machine, each read once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

from triplepoint.configuration.load import load_configuration
from triplepoint.configuration.model import Configuration
from triplepoint.doctor.model import Finding
from triplepoint.doctor.ports import Machine
from triplepoint.files.checked import read_file
from triplepoint.foundation.errors import SettingsInvalid
from triplepoint.ledger.folder_lock import GATEWAY_LOCK, holder_of
from triplepoint.settings import SETTINGS_FILE, LocalUpstream, Settings
from triplepoint.upstreams.local.catalog import FAMILY, FamilyModel


@dataclass(frozen=True)
class Examination:
    """What the checks look at; files are read once, when the first check asks for them."""

    folder: Path
    """Of ``triplepoint.yaml``."""
    environ: Mapping[str, str]
    machine: Machine
    now_us: int
    """Wall clock, microseconds since 1970, UTC."""

    @property
    def today(self) -> date:
        """The day, UTC."""
        return datetime.fromtimestamp(self.now_us / 1e6, tz=UTC).date()

    @cached_property
    def settings(self) -> Settings:
        """The settings; the defaults where the file is missing or wrong, which a check of its own reports."""
        return read_file(self.folder / SETTINGS_FILE, Settings, name=str(SETTINGS_FILE)).value or _DEFAULTS

    @cached_property
    def configuration(self) -> Configuration | SettingsInvalid:
        """The whole configuration, or every problem of it."""
        try:
            return load_configuration(self.folder, self.environ, self.today)
        except SettingsInvalid as error:
            return error

    @property
    def data(self) -> Path:
        """Folder for keys, journal and ledger."""
        return self.folder / self.settings.data

    @cached_property
    def gateway_runs(self) -> bool:
        """A gateway holds the data folder."""
        return holder_of(self.data / GATEWAY_LOCK) is not None

    @cached_property
    def tiers(self) -> tuple[FamilyModel, ...]:
        """Tiers of the embedded family that the settings use."""
        used = {upstream.gguf for upstream in self.settings.upstreams.values() if isinstance(upstream, LocalUpstream)}
        return tuple(model for tier, model in FAMILY.items() if tier in used)

    @cached_property
    def runs_models(self) -> bool:
        """A model runs on this machine, by the settings."""
        return any(isinstance(upstream, LocalUpstream) for upstream in self.settings.upstreams.values())


Check = Callable[[Examination], Iterator[Finding]]
"""Looks at one thing; named after it."""

_DEFAULTS = Settings(lineup="none", upstreams={})
