"""The layouts in which data are published, each turned into our own columns; nothing is scored anew.

Our own layout is wide: ``prompt``, ``group``, and for each model ``score:MODEL`` (0…1), ``cost:MODEL`` (USD of the call),
``output_tokens:MODEL``, ``answer:MODEL``; ``contaminated`` marks rows that are left out. Known beside it are RouteLLM's pairs,
RouterBench's wide table, and tables with a row for each prompt and model (ours, RouterArena's, SWE-bench's, LLMRouterBench's,
AlpacaEval's). Rows that the publishers leave out of their own figures are left out here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from triplepoint.foundation.errors import Problem, SettingsInvalid
from triplepoint.routing.evaluation.tables import Table, refuse

CHARS_PER_TOKEN: Final = 4.0
"""Where only characters are published. English prose has 4 to 4.5 of them to a token in the vocabularies of these models."""

ROUTELLM_MODELS: Final = ("mixtral-8x7b-instruct-v0.1", "gpt-4-1106-preview")
ROUTELLM_MTOK_USD: Final = (0.24, 24.7)
"""USD for a million tokens, weak and strong; source: RouteLLM, arXiv 2406.18665, section 5.1."""

MT_BENCH_MOST: Final = 10.0
"""MT-bench's judge gives 1 to 10; here that is 0.1 to 1."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One form of publication."""

    name: str
    knows: Callable[[frozenset[str]], bool]
    """Of the column names."""
    turn: Callable[[Table], Table]
    """Into our own columns."""
    licence: str = ""
    """As the publisher states it."""
    source: str = ""
    is_ordered: bool = False
    """Its models come weakest first already."""
    may_lack_text: bool = False
    """Its publisher gives no prompts."""


@dataclass(frozen=True, slots=True)
class _Long:
    """Where a table with a row for each prompt and model keeps what."""

    id: str
    score: str
    prompt: str | None
    group: str | None = None
    cost: str | None = None
    tokens: str | None = None
    tokens_per_unit: float = 1.0
    answer: str | None = None
    zero_cost_is_unknown: bool = False
    least_score: float = 0.0
    """Below 0: what the publisher has below 0 counts as 0."""
    constant: Mapping[str, float] = field(default_factory=dict[str, float])
    """Models that have no rows, and their score everywhere: the reference of a comparison."""


def layout_of(table: Table) -> Layout:
    """Recognise a layout by its columns.

    Raises: SettingsInvalid: none fits.
    """
    names = frozenset(table.columns)
    for layout in LAYOUTS:
        if layout.knows(names):
            return layout
    fix = "give each model a column score:MODEL, or each row the columns prompt, model, score"
    raise SettingsInvalid([table.problem(-1, "", f"no known layout: {', '.join(list(table.columns)[:12])}", fix)])


def _clean(table: Table) -> Table:
    """Leave out contaminated rows: their question, or one too like it, stood in RouteLLM's training data."""
    if "contaminated" not in table.columns:
        return table
    return table.rows([row for row, is_out in enumerate(table.flags("contaminated")) if not is_out])


def _routellm(table: Table) -> Table:
    table = _clean(table)
    prompts = table.texts("prompt")
    columns: dict[str, Sequence[object]] = {"prompt": prompts, "group": _texts_or_empty(table, "domain")}
    for side, model, mtok_usd in zip(("weak", "strong"), ROUTELLM_MODELS, ROUTELLM_MTOK_USD, strict=True):
        columns[f"score:{model}"] = table.numbers(f"{side}_correct", least=0, most=1)
        answers = _texts_or_empty(table, f"{side}_response")
        columns[f"cost:{model}"] = [
            mtok_usd * (len(prompt) + len(answer)) / CHARS_PER_TOKEN / 1e6
            for prompt, answer in zip(prompts, answers, strict=True)
        ]
        if f"{side}_response" in table.columns:
            columns[f"answer:{model}"] = answers
            columns[f"output_tokens:{model}"] = [len(answer) / CHARS_PER_TOKEN for answer in answers]
    return table.with_columns(columns)


def _mt_bench(table: Table) -> Table:
    table = _clean(table)
    prompts = table.texts("turn1")  # RouteLLM routes on the first turn and averages both turns' scores
    columns: dict[str, Sequence[object]] = {"prompt": prompts, "group": table.texts("category")}
    for side, model, mtok_usd in zip(("weak", "strong"), ROUTELLM_MODELS, ROUTELLM_MTOK_USD, strict=True):
        turns = [table.numbers(f"{side}_score_turn{turn}", least=1, most=MT_BENCH_MOST) for turn in (1, 2)]
        columns[f"score:{model}"] = [(first + second) / 2 / MT_BENCH_MOST for first, second in zip(*turns, strict=True)]
        columns[f"cost:{model}"] = [mtok_usd * len(prompt) / CHARS_PER_TOKEN / 1e6 for prompt in prompts]
    return table.with_columns(columns)


def _routerbench(table: Table) -> Table:
    columns: dict[str, Sequence[object]] = {"prompt": table.texts("prompt"), "group": table.texts("eval_name")}
    for name, cells in table.columns.items():
        kind, _, model = name.partition(":")
        if kind in {"score", "cost"}:
            columns[name] = cells
        elif kind == "response_chars":
            columns[f"output_tokens:{model}"] = [chars / CHARS_PER_TOKEN for chars in table.numbers(name, least=0)]
    return table.with_columns(columns)


def _long(where: _Long) -> Callable[[Table], Table]:
    return lambda table: _widen(_clean(table), where)


def _widen(table: Table, where: _Long) -> Table:
    """Put the rows of one prompt side by side; a model without a row there scores NaN."""
    ids, models = table.texts(where.id), table.texts("model")
    places = _places(table, where.id, list(zip(ids, models, strict=True)))
    firsts: dict[str, int] = {}
    for row, id_ in enumerate(ids):
        firsts.setdefault(id_, row)
    heads = table.rows(list(firsts.values()))
    columns: dict[str, Sequence[object]] = {"group": heads.texts(where.group) if where.group else [""] * len(firsts)}
    if where.prompt:
        columns["prompt"] = heads.texts(where.prompt)
    cells = _cells_of(table, where)
    for model in dict.fromkeys(models):
        rows = [places.get((id_, model)) for id_ in firsts]
        for kind, of_kind in cells.items():
            columns[f"{kind}:{model}"] = [None if row is None else of_kind[row] for row in rows]
        if where.zero_cost_is_unknown and not any(columns.get(f"cost:{model}", ())):
            columns[f"cost:{model}"] = [None] * len(firsts)
    return heads.with_columns(columns | {f"score:{model}": [score] * len(firsts) for model, score in where.constant.items()})


def _places(table: Table, id_column: str, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the row of each prompt and model.

    Raises: SettingsInvalid: a pair stands there twice, or names no model.
    """
    places: dict[tuple[str, str], int] = {}
    problems: list[Problem] = []
    for row, pair in enumerate(pairs):
        if not pair[1]:
            problems.append(table.problem(row, "model", "no model", "name the model that the row is of"))
        elif places.setdefault(pair, row) != row:
            message = f"{pair[1]} a second time for this {id_column}, first in line {table.lines[places[pair]]}"
            problems.append(table.problem(row, "model", message, "keep one row for each pair"))
    refuse(problems)
    return places


def _cells_of(table: Table, where: _Long) -> dict[str, Sequence[object]]:
    scores = table.numbers(where.score, least=where.least_score, most=1)
    cells: dict[str, Sequence[object]] = {"score": [0.0 if score < 0 else score for score in scores]}
    if where.cost:
        cells["cost"] = table.numbers(where.cost, least=0)
    if where.tokens:
        cells["output_tokens"] = [number * where.tokens_per_unit for number in table.numbers(where.tokens, least=0)]
    if where.answer:
        cells["answer"] = table.texts(where.answer)
    return cells


def _own_long(table: Table) -> Table:
    names = table.columns
    optional = {name: name if name in names else None for name in ("group", "cost_usd", "output_tokens", "answer")}
    where = _Long(
        id="id" if "id" in names else "prompt",
        score="score",
        prompt="prompt",
        group=optional["group"],
        cost=optional["cost_usd"],
        tokens=optional["output_tokens"],
        answer=optional["answer"],
    )
    return _widen(_clean(table), where)


def _texts_or_empty(table: Table, column: str) -> list[str]:
    return table.texts(column) if column in table.columns else [""] * len(table.lines)


def _has(*wanted: str) -> Callable[[frozenset[str]], bool]:
    return lambda names: names.issuperset(wanted)


_ROUTER_ARENA: Final = _Long("global_index", "score", "prompt", "category", "cost_usd", "output_tokens", least_score=-1.0)
_SWE_BENCH: Final = _Long("instance_id", "resolved", "title", "repo", "cost_usd")
_LLM_ROUTER_BENCH: Final = _Long(
    "prompt_id", "score", None, "dataset", "cost_usd", "completion_tokens", zero_cost_is_unknown=True
)
_ALPACA_EVAL: Final = _Long(
    "instruction",
    "win_prob_vs_gpt4_1106",
    "instruction",
    tokens="output_chars",
    tokens_per_unit=1 / CHARS_PER_TOKEN,
    constant={"gpt4_1106_preview": 0.5},
)
LAYOUTS: Final = (
    Layout(
        "RouteLLM",
        _has("prompt", "weak_correct", "strong_correct"),
        _routellm,
        "Apache-2.0; the questions of MMLU and GSM8K are under MIT",
        "lm-sys/RouteLLM",
        is_ordered=True,
    ),
    Layout(
        "RouteLLM, MT-bench",
        _has("turn1", "weak_score_turn1", "strong_score_turn1"),
        _mt_bench,
        "Apache-2.0",
        "lm-sys/RouteLLM",
        is_ordered=True,
    ),
    Layout(
        "RouterBench",
        lambda names: "eval_name" in names and any(name.startswith("score:") for name in names),
        _routerbench,
        "none stated",
        "withmartian/routerbench",
    ),
    Layout(
        "RouterArena",
        _has("global_index", "model", "score", "cost_usd"),
        _long(_ROUTER_ARENA),
        "Apache-2.0, for evaluation only",
        "RouteWorks/RouterArena",
    ),
    Layout("SWE-bench", _has("instance_id", "model", "resolved"), _long(_SWE_BENCH), "CC BY-NC 4.0", "swe-bench.github.io"),
    Layout(
        "LLMRouterBench",
        _has("prompt_id", "dataset", "model", "score"),
        _long(_LLM_ROUTER_BENCH),
        "none stated",
        "NPULH/LLMRouterBench",
        may_lack_text=True,
    ),
    Layout(
        "AlpacaEval",
        _has("instruction", "model", "win_prob_vs_gpt4_1106"),
        _long(_ALPACA_EVAL),
        "CC BY-NC 4.0",
        "tatsu-lab/alpaca_eval",
    ),
    Layout("own, a row a model", _has("prompt", "model", "score"), _own_long),
    Layout("own", lambda names: any(name.startswith("score:") for name in names), _clean),
)
"""In the order of trying: the special ones first."""
