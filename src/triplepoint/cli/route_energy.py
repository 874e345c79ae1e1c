"""Data whose costs are energy: worked out from tokens by what is known of the models, as receipts do it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from triplepoint.economics.model import PerToken, Profile
from triplepoint.economics.profile import find_place, work_out
from triplepoint.foundation.errors import RequestInvalid
from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.evaluation.layouts import CHARS_PER_TOKEN
from triplepoint.routing.evaluation.resampling import Vector
from triplepoint.settings import EnergySettings, OpenAIUpstream, RunsOn

_NOWHERE = "http://127.0.0.1:1/v1"
"""An upstream has an address; this one is never called."""


def in_energy(data: Labelled, *, sizes: Mapping[str, RunsOn], mtok_usd: Mapping[str, float]) -> Labelled:
    """Return data whose costs are watt-hours of each call.

    Tokens of the prompt are worked out from its characters; those of the answer are the data's, or what its cost buys at a
    model's price for output, which stands for all of the call then.

    Args:
        sizes: Of models whose name does not tell their size; of others that are not given, every size counts alike.
        mtok_usd: USD for a million tokens of output, of models whose tokens the data do not tell.
    Raises: RequestInvalid: of a model neither tokens nor price are known.
    """
    prompts = np.array([len(prompt) / CHARS_PER_TOKEN for prompt in data.prompts])
    takes = [profile_of(model, sizes).wh for model in data.models]
    columns = [_energy(data, place, prompts, wh, mtok_usd) for place, wh in enumerate(takes)]
    return replace(data, costs=np.stack(columns, axis=1))


def profile_of(model: str, sizes: Mapping[str, RunsOn]) -> Profile:
    """Return what a token of a model takes, on accelerators of which nothing is said."""
    known = {model: sizes[model]} if model in sizes else {}
    place = find_place(OpenAIUpstream(kind="openai", base_url=_NOWHERE, energy=EnergySettings(models=known)), model)
    if place is None:
        raise RequestInvalid(f"nothing is known of where {model} runs", param="size")
    return work_out(place)


def _energy(data: Labelled, place: int, prompts: Vector, wh: PerToken, mtok_usd: Mapping[str, float]) -> Vector:
    model = data.models[place]
    if data.output_tokens is not None and not np.isnan(data.output_tokens[:, place]).any():
        return prompts * wh.input.median + data.output_tokens[:, place] * wh.output.median
    if model not in mtok_usd or data.costs is None:
        raise RequestInvalid(
            f"{data.name} does not tell the tokens of {model}; give its price for output, USD for a million tokens: "
            f"--price {model}=10",
            param="price",
        )
    return data.costs[:, place] / mtok_usd[model] * 1e6 * wh.output.median


def read_sizes(texts: Sequence[str]) -> dict[str, RunsOn]:
    """Read ``MODEL=12.9/46.7``: billions of parameters that work on each token, and in all.

    Raises: RequestInvalid: it is not that.
    """
    found: dict[str, RunsOn] = {}
    for text in texts:
        model, _, numbers = text.rpartition("=")
        active, _, total = numbers.partition("/")
        try:
            found[model] = RunsOn(active_params_b=float(active), total_params_b=float(total or active))
        except ValueError as error:
            raise RequestInvalid(
                f"{text} is no size; write MODEL=ACTIVE/TOTAL, in billions of parameters: gpt-oss-120b=5.1/117", param="size"
            ) from error
    return found


def read_prices(texts: Sequence[str]) -> dict[str, float]:
    """Read ``MODEL=10``: USD for a million tokens.

    Raises: RequestInvalid: it is not that, or not above 0.
    """
    found: dict[str, float] = {}
    for text in texts:
        model, _, number = text.rpartition("=")
        try:
            found[model] = float(number)
        except ValueError:
            found[model] = 0.0
        if not model or not found[model] > 0:
            raise RequestInvalid(f"{text} is no price; write MODEL=USD for a million tokens: gpt-5=10", param="price")
    return found
