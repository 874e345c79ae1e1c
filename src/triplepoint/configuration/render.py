"""Writes the files of `triplepoint init`: the seed as it is, and beside it what was found on this machine.

With nothing found the files are those that ship. Otherwise a second line-up, ``start``, holds the embedded family and the found
models together, and the settings name it. A model on a server of your own has no price that anybody could know but you: unless
``init`` was told one, it is written as a comment, ready to be completed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from triplepoint.configuration.discover import Discovery, FoundServer, FoundVendor, ServedModel
from triplepoint.configuration.vendors import Offer
from triplepoint.foundation.money import money_text
from triplepoint.lineups.model import Capability
from triplepoint.lineups.resolve import AUTO
from triplepoint.settings import SETTINGS_FILE

START = "start"
"""Name of the line-up that holds what was found."""
OWN_PRICES = "prices/own.yaml"

_LONGEST_ANSWER = 16_384
_UNKNOWN_CONTEXT = 4096
_LONG_INPUT = 3000
_SETTINGS_MARK = "  # A hosted one, to give the idea:"
_MODELS_MARK = "# Further names for the same models."
_RULES_MARK = "  rules:\n"
_SEED_NAMES = frozenset({"nano", "mini", "regular", "small", "medium", "large", AUTO})


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """What the caller says a million tokens on servers of its own cost, in US dollars."""

    input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal


def render(seed: Path, found: Discovery, *, own_price: OwnPrice | None, today: date) -> dict[str, str]:
    """Return the text of each file, by its path from the folder.

    Args:
        seed: Folder of the seed configuration.
        found: What is on this machine.
        own_price: Price of models on loopback servers; None: they are written as comments.
        today: First day of that price.
    """
    seeded = ("lineups/embedded.yaml", *(f"prices/{path.name}" for path in sorted((seed / "prices").glob("*.yaml"))))
    schemas = (f"schemas/{path.name}" for path in sorted((seed / "schemas").glob("*.json")))
    names = (str(SETTINGS_FILE), *seeded, *schemas)
    files = {name: (seed / name).read_text(encoding="utf-8") for name in names}
    if not (found.vendors or found.servers or found.azure):
        return files
    files[str(SETTINGS_FILE)] = _settings(files[str(SETTINGS_FILE)], found)
    files[f"lineups/{START}.yaml"] = _lineup(files["lineups/embedded.yaml"], found, own_price)
    if own_price is not None and found.servers:
        files[OWN_PRICES] = _own_prices(found.servers, own_price, today)
    return files


def _settings(seed: str, found: Discovery) -> str:
    kept = seed.split(_SETTINGS_MARK)[0].replace("\nlineup: embedded\n", f"\nlineup: {START}\n")
    return kept.rstrip() + "\n\n" + "\n".join(_upstreams(found)) + "\n"


def _upstreams(found: Discovery) -> Iterator[str]:
    for vendor in found.vendors:
        fields = [f"{key}: {value}" for key, value in vendor.vendor.fields]
        yield f"  # Found: {vendor.variable} in the environment."
        if vendor.vendor.note:
            yield f"  # {vendor.vendor.note}"
        fields.append(f'api_key: "${{{vendor.variable}}}"')
        yield f"  {vendor.vendor.name}: {{{', '.join(fields)}}}"
    if found.azure is not None:
        variable, endpoint = found.azure
        yield f"  # Found: {variable} and AZURE_OPENAI_ENDPOINT. Models are your deployments: add them to a line-up by name."
        yield f'  azure: {{kind: azure, base_url: {endpoint}, api_version: "2024-10-21", api_key: "${{{variable}}}"}}'
    for server in found.servers:
        yield f"  # Found: it answers on this machine with {len(server.models)} models."
        yield f"  {server.name}: {{kind: openai, base_url: {server.base_url}}}"


def _lineup(seed: str, found: Discovery, own_price: OwnPrice | None) -> str:
    offers = _by_name(found.vendors)
    before, after = seed.replace("\nlineup: embedded\n", f"\nlineup: {START}\n").split(_MODELS_MARK)
    models = [line for name, targets in offers.items() for line in _hosted(name, targets)]
    taken = {*_SEED_NAMES, *offers}
    for server in found.servers:
        models += _served(server, taken=taken, priced=own_price is not None)
    after = after.replace(_RULES_MARK, _RULES_MARK + _long_input_rule(offers), 1)
    found_here = [
        "  # Found by triplepoint init, by vendor: put them into your order from weakest to strongest.",
        "  # max_output_tokens is a limit of ours, not the vendor's: raise it as you like.",
    ]
    return "\n".join([before.rstrip(), "", *found_here, *models, "", _MODELS_MARK]) + after


def _by_name(vendors: tuple[FoundVendor, ...]) -> dict[str, list[tuple[str, Offer]]]:
    offers: dict[str, list[tuple[str, Offer]]] = {}
    for found in vendors:
        for offer in found.vendor.offers:
            offers.setdefault(offer.name, []).append((found.vendor.name, offer))
    return offers


def _hosted(name: str, targets: list[tuple[str, Offer]]) -> list[str]:
    first = targets[0][1]
    return [
        *_model_head(name, first.context_tokens, first.capabilities),
        *(f"      - {{upstream: {vendor}, model: {offer.model}, price: {offer.price}}}" for vendor, offer in targets),
    ]


def _model_head(name: str, context_tokens: int, capabilities: tuple[Capability, ...]) -> list[str]:
    return [
        f'  "{name}":' if ":" in name else f"  {name}:",
        f"    context_tokens: {context_tokens}",
        f"    max_output_tokens: {min(_LONGEST_ANSWER, context_tokens)}",
        f"    capabilities: [{', '.join(capabilities)}]",
        "    upstreams:",
    ]


def _served(server: FoundServer, *, taken: set[str], priced: bool) -> list[str]:
    lines: list[str] = []
    if not priced:
        lines = [
            f"  # {server.name} has these. What they cost on your machine only you know: add a row for each to a file in",
            "  # prices/, then take away the marks; or run triplepoint init again with --own-price INPUT/OUTPUT.",
        ]
    for model in server.models:
        block = _served_model(server.name, model, taken)
        lines += block if priced else [f"  # {line.removeprefix('  ')}" for line in block]
    return lines


def _served_model(server: str, model: ServedModel, taken: set[str]) -> list[str]:
    name = f"{server}/{model.name}" if model.name in taken else model.name
    taken.add(name)
    return [
        *_model_head(name, model.context_tokens or _UNKNOWN_CONTEXT, (Capability.CHAT,)),
        f'      - {{upstream: {server}, model: "{model.name}", price: "{server}/{model.name}"}}',
    ]


def _long_input_rule(offers: Mapping[str, list[tuple[str, Offer]]]) -> str:
    talking = [name for name, targets in offers.items() if Capability.CHAT in targets[0][1].capabilities]
    if not talking:
        return ""
    why = "longer than the embedded family's context"
    return f"    - {{when: {{min_input_tokens: {_LONG_INPUT}}}, use: {talking[0]}, why: {why}}}\n"


def _own_prices(servers: tuple[FoundServer, ...], price: OwnPrice, today: date) -> str:
    dearness = (money_text(price.input_usd_per_mtok), money_text(price.output_usd_per_mtok))
    rates = 'input_usd_per_mtok: "{}", output_usd_per_mtok: "{}"'.format(*dearness)
    names = [f"{server.name}/{model.name}" for server in servers for model in server.models]
    head = [
        "# yaml-language-server: $schema=../schemas/prices.schema.json",
        "#",
        "# What models on servers of our own cost, as told to triplepoint init. A row that has held is never changed: a new",
        "# price is a new row, in a new file, with a later day.",
        "",
        "source: our own, given to triplepoint init",
        f"collected: {today}",
        "prices:",
    ]
    return "\n".join([*head, *(f'  - {{model: "{name}", since: {today}, {rates}}}' for name in names)]) + "\n"
