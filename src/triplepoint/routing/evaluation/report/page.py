"""A leaderboard as one page of HTML that needs nothing else: tables, charts, definitions; light and dark."""

import html
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from triplepoint.routing.evaluation.board import Board
from triplepoint.routing.evaluation.report import charts
from triplepoint.routing.evaluation.report.words import cells, facts, heads, notes
from triplepoint.routing.evaluation.rows import Row

_GROUPS_SHOWN: Final = 60

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --line: #d5d9de; --soft: #f3f5f7; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7eb; --paper: #14171a; --line: #3a4047; --soft: #1e2328; } }
body { color: var(--ink); background: var(--paper); font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto;
  padding: 0 1rem; }
h1, h2, h3 { line-height: 1.2; } h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1.5rem; }
table { border-collapse: collapse; font-size: 13px; display: block; overflow-x: auto; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } .named td:nth-child(2), .named th:nth-child(2) { text-align: left; }
thead th { background: var(--soft); position: sticky; top: 0; }
tr.quoted td { font-style: italic; }
svg { max-width: 100%; height: auto; } code { overflow-wrap: anywhere; }
"""

_DEFINITIONS: Final = (
    (
        "APGR",
        "Share of the gap between weak and strong model that is recovered, averaged over all shares of strong calls (RouteLLM, "
        "arXiv 2406.18665). Random routing has 0.5; the oracle may exceed 1.",
    ),
    (
        "CPT(50), CPT(80)",
        "Share of strong calls that closes half, or four fifths, of that gap, on RouteLLM's ten quantile bins.",
    ),
    (
        "AIQ",
        "Mean height of the non-falling concave hull of cost and quality, between the mean costs of the cheapest model and of "
        "the best one. RouterBench's own (arXiv 2403.12031) runs from a cost of nought to the dearest model.",
    ),
    (
        "Cost at 95, 98, 100 %",
        "Least mean cost on the hull at which that share of the best single model's quality is reached, as a "
        "share of its cost.",
    ),
    (
        "Within the net loss",
        "The cheapest operating point that loses at most a point of quality of a hundred against always taking "
        "the best model. Misroutes: the chosen model fails where the best one would have succeeded, of all requests. "
        "Wasteful: a cheaper model would have succeeded too.",
    ),
    ("ECE", "Expected calibration error over fifteen bins of equal width (arXiv 1706.04599), mean over the models."),
    ("Intervals", "95 %, by drawing prompts anew; differences are taken on the same draws."),
)


def page_of(boards: Sequence[Board], *, command: str) -> str:
    """Write the page.

    Args:
        command: What made it, for whoever wants to make it again.
    Raises: RequestInvalid: matplotlib is not installed.
    """
    body = "".join(part for board in boards for part in _board(board))
    terms = "".join(f"<dt><b>{html.escape(term)}</b></dt><dd>{html.escape(text)}</dd>" for term, text in _DEFINITIONS)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Routers, measured</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><h1>Routers, measured</h1>'
        f"<p>Made by <code>{html.escape(command)}</code>.</p>{body}<h2>What the words mean</h2><dl>{terms}</dl></body></html>\n"
    )


def _board(board: Board) -> Iterator[str]:
    yield f"<h2>{html.escape(board.contest.data.name)}</h2>"
    yield from (f"<p>{html.escape(line)}</p>" for line in facts(board))
    yield _table(heads(board), ((row.quoted, row.cells) for row in cells(board)), kind="named")
    yield from (f"<p>{html.escape(line)}</p>" for line in notes(board))
    yield f"<figure>{charts.curves(board)}</figure>"
    yield f"<figure>{charts.gains(board)}</figure>"
    if not math.isnan(board.rows[0].headline.value):
        yield f"<figure>{charts.headlines(board)}</figure>"
    for row in board.rows:
        if row.reliability:
            yield _folded(f"Reliability: {row.name}", charts.reliabilities(board, row))
    yield from (_confusions(row, board) for row in board.rows)


def _confusions(row: Row, board: Board) -> str:
    """Write who was chosen against who should have been, group by group, the largest first."""
    models = [model.rsplit("/", 1)[-1] for model in board.contest.data.models]
    groups = sorted(row.within.confusions.items(), key=lambda one: -sum(map(sum, one[1])))
    pairs = [(chosen, best) for chosen in range(len(models)) for best in range(len(models))]
    used = [pair for pair in pairs if any(counts[pair[0]][pair[1]] for _, counts in groups)]
    head = ["group", "prompts", *(f"{models[chosen]}, best {models[best]}" for chosen, best in used)]
    body = (
        (False, [group or "(none)", str(sum(map(sum, counts))), *(str(counts[chosen][best]) for chosen, best in used)])
        for group, counts in groups[:_GROUPS_SHOWN]
    )
    return _folded(f"Chosen against best, by group, within the net loss: {row.name}", _table(head, body))


def _folded(title: str, inside: str) -> str:
    return f"<details><summary>{html.escape(title)}</summary>{inside}</details>"


def _table(head: Sequence[str], rows: Iterable[tuple[bool, Sequence[str]]], *, kind: str = "counts") -> str:
    heads_ = "".join(f"<th>{html.escape(one)}</th>" for one in head)
    body = "".join(
        f"<tr{' class=quoted' if quoted else ''}>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>"
        for quoted, row in rows
    )
    return f"<table class={kind}><thead><tr>{heads_}</tr></thead><tbody>{body}</tbody></table>"
