"""Works out what a model at an upstream takes for a token, from whatever is known of both.

The more is known, the narrower: model, accelerator and batch in the measured table; the model there but the batch unknown; a
known size on a known accelerator; a known size anywhere; nothing at all. What is unknown is a set of cases that count alike.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product as product_of

from triplepoint.economics.carbon import grid_g_per_wh
from triplepoint.economics.decode import Serving, decode_j
from triplepoint.economics.hardware import MEASURED_GPUS, cached_of, fewest_gpus, prefill_j, processor_j
from triplepoint.economics.mixture import Part, factor, log_uniform, merged, product, spread
from triplepoint.economics.model import Grade, PerToken, Profile
from triplepoint.economics.overhead import overhead
from triplepoint.economics.sizes import Size, size_in_name
from triplepoint.economics.tabled import CONVERSATION, Curve, curves, table_parts
from triplepoint.settings import (
    BATCH_LEAST,
    BATCH_MOST,
    EnergySettings,
    Gpu,
    LocalUpstream,
    Precision,
    RunsOn,
    SimulatedUpstream,
    Upstream,
)
from triplepoint.upstreams.local.catalog import FAMILY
from triplepoint.upstreams.measured import measured_models, measurements

_WH_PER_J = factor(1 / 3600)
_PRIOR_ACTIVE_B = (3.0, 405.0)
"""A model of unknown size: anything that the table measured, every ratio alike."""
_PRIOR_SPARSITY = (1.0, 23.0)
"""Total over active parameters: from dense models to the sparsest in the table."""
_PRIOR_PROCESSOR_B = (0.1, 14.0)
"""A model of unknown size on a processor."""
_BATCHES, _SIZES, _SPARSITIES = 8, 8, 3
"""Cases that stand for a range."""


@dataclass(frozen=True, slots=True)
class Place:
    """A model at an upstream, and all that the settings say of the two."""

    is_processor: bool
    """It runs on a processor, without accelerators."""
    gpu: Gpu | None
    gpus: int | None
    batch: float | None
    batch_least: float
    batch_most: float
    precision: Precision | None
    size: Size | None
    measured: str | None
    """Its name in the measured table; None: it is not there."""
    thread_watts: float | None
    zone: str | None
    pue: float | None


def find_place(upstream: Upstream, upstream_model: str) -> Place | None:
    """Say where a model runs; None where no model runs at all, as behind a script."""
    energy = upstream.energy
    if energy is None and isinstance(upstream, SimulatedUpstream):
        return None
    energy = energy or EnergySettings()
    of_model = energy.models.get(upstream_model, RunsOn())
    said = {**energy.model_dump(exclude_unset=True, exclude={"models"}), **of_model.model_dump(exclude_unset=True)}
    runs_on = EnergySettings.model_validate(said)
    return Place(
        is_processor=runs_on.gpu is None and (isinstance(upstream, LocalUpstream) or runs_on.thread_watts is not None),
        gpu=runs_on.gpu,
        gpus=runs_on.gpus,
        batch=runs_on.batch,
        batch_least=runs_on.batch_least or BATCH_LEAST,
        batch_most=runs_on.batch_most or BATCH_MOST,
        precision=runs_on.precision,
        size=_size(runs_on, upstream_model) or size_in_name(_file_name(upstream)),
        measured=_measured_name(runs_on.measured_as or upstream_model),
        thread_watts=runs_on.thread_watts,
        zone=runs_on.zone,
        pue=runs_on.pue,
    )


@lru_cache(maxsize=1024)
def work_out(place: Place) -> Profile:
    """Work out a profile; some hundredths of a second the first time."""
    grade, fresh, output = _joules(replace(place, zone=None, pue=None))
    whole = overhead(place.pue, is_processor=place.is_processor)
    grid = grid_g_per_wh(place.zone)
    wh = [product(product(joules, _WH_PER_J), whole) for joules in (fresh, cached_of(fresh), output)]
    return Profile(
        grade=grade,
        wh=PerToken(*map(spread, wh)),
        g=PerToken(*(spread(product(parts, grid)) for parts in wh)),
        overhead=spread(whole),
        g_per_wh=spread(grid),
    )


@lru_cache(maxsize=256)
def _joules(place: Place) -> tuple[Grade, list[Part], list[Part]]:
    """Work out the joules of a token read afresh and of one of the answer, wherever the machine stands."""
    return _processor(place) if place.is_processor else _accelerators(place)


def _size(runs_on: RunsOn, name: str) -> Size | None:
    if runs_on.active_params_b is not None:
        return Size(runs_on.active_params_b, max(runs_on.total_params_b or 0, runs_on.active_params_b))
    measured = _measured_name(runs_on.measured_as or name)
    if measured is not None:
        known = next(row for row in measurements() if row.model == measured)
        return Size(known.active_params_b, known.total_params_b)
    return size_in_name(name)


def _file_name(upstream: Upstream) -> str:
    """Return what a model file on this machine is called; empty where the model is not one."""
    if not isinstance(upstream, LocalUpstream):
        return ""
    known = FAMILY.get(upstream.gguf)
    return known.name if known is not None else upstream.gguf


def _measured_name(name: str) -> str | None:
    """Find a model in the measured table: by its whole name, or by what stands behind the maker's."""
    short = name.rsplit("/", 1)[-1].lower()
    whole = name if name in measured_models() else None
    return whole or next((known for known in measured_models() if known.rsplit("/", 1)[-1].lower() == short), None)


def _processor(place: Place) -> tuple[Grade, list[Part], list[Part]]:
    sizes = [(place.size.total_b, 1.0)] if place.size else log_uniform(*_PRIOR_PROCESSOR_B, _SIZES)
    fresh, output = (
        merged(
            Part(part.weight * weight, part.ln, part.sigma)
            for params_b, weight in sizes
            for part in processor_j(params_b, thread_watts=place.thread_watts, is_output=is_output)
        )
        for is_output in (False, True)
    )
    return Grade.MODELLED, fresh, output


def _accelerators(place: Place) -> tuple[Grade, list[Part], list[Part]]:
    fresh = _prefill(place)
    found = _measured_curves(place)
    if found:
        return Grade.TABLED, fresh, table_parts(found, _batches(place))
    return Grade.MODELLED, fresh, merged(_modelled(place))


def _measured_curves(place: Place) -> list[Curve]:
    if place.gpu is None or place.measured is None:
        return []
    rows = [row for row in measurements() if row.model == place.measured and row.task in CONVERSATION]
    rows = [row for row in rows if row.gpu == place.gpu and place.gpus in {None, row.gpus}]
    rows = [row for row in rows if place.precision in {None, row.precision}]
    return curves(rows)


def _batches(place: Place) -> list[tuple[float, float]]:
    return [(place.batch, 1.0)] if place.batch else log_uniform(place.batch_least, place.batch_most, _BATCHES)


def _prefill(place: Place) -> list[Part]:
    sizes = _possible_sizes(place)
    gpus = _possible_gpus(place)
    return merged(
        Part(part.weight * weight / len(gpus), part.ln, part.sigma)
        for size, weight in sizes
        for gpu in gpus
        for part in prefill_j(gpu, size.active_b)
    )


def _modelled(place: Place) -> list[Part]:
    parts: list[Part] = []
    precisions = [place.precision] if place.precision else [Precision.BF16, Precision.FP8]
    for (size, weight), gpu, precision in product_of(_possible_sizes(place), _possible_gpus(place), precisions):
        fewest = fewest_gpus(gpu, size.total_b, precision)
        counts = [place.gpus] if place.gpus else [fewest, 2 * fewest]
        for count, (batch, share), is_reasoning in product_of(counts, _batches(place), (False, True)):
            of = decode_j(Serving(gpu, count, precision, size.active_b, size.total_b, batch, is_reasoning))
            parts.append(Part(weight * share / len(counts), of.ln, of.sigma))
    return parts


def _possible_gpus(place: Place) -> list[Gpu]:
    return [place.gpu] if place.gpu else list(MEASURED_GPUS)


def _possible_sizes(place: Place) -> list[tuple[Size, float]]:
    if place.size:
        return [(place.size, 1.0)]
    return [
        (Size(active, active * sparsity), weight * share)
        for active, weight in log_uniform(*_PRIOR_ACTIVE_B, _SIZES)
        for sparsity, share in log_uniform(*_PRIOR_SPARSITY, _SPARSITIES)
    ]
