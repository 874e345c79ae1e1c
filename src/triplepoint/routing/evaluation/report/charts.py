"""Charts as SVG for a page that may be light or dark: ink takes the page's colour, series have colours of their own."""

import html
import io
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from triplepoint.foundation.extras import load_extra
from triplepoint.routing.evaluation.baselines import ORACLE
from triplepoint.routing.evaluation.board import Board
from triplepoint.routing.evaluation.rows import Row

COLOURS: Final = ("#4c8bf5", "#e8710a", "#12a37f", "#b05cd6", "#d9a300", "#d64570", "#7f8c8d", "#5f6ad4")
"""Readable on white and on near-black alike (contrast at least 3 to 1 against both)."""

_INK: Final = "#010203"
"""Stands for the page's own text colour until the picture is written."""
_PREAMBLE: Final = re.compile(r"^.*?(?=<svg)", re.DOTALL)


def curves(board: Board) -> str:
    """Draw quality over mean cost of every router, and each single model as a point."""
    with _figure(5.2) as (figure, axes):
        for row, colour in zip(board.rows, _colours(board.rows), strict=True):
            axes.plot(row.curve.costs, row.curve.quality, color=colour, linewidth=1.8, label=_plain(row.name))
        data, costs = board.contest.data, board.contest.costs.mean(axis=0)
        quality = data.scores.mean(axis=0)
        axes.scatter(costs, quality, color=_INK, s=14, zorder=3, label="one model for all")
        for model, cost, height in zip(data.models, costs, quality, strict=True):
            axes.annotate(_plain(_short(model)), (cost, height), (4, -9), textcoords="offset points", fontsize=7, color=_INK)
        axes.set_title("What can be had for which cost")
        axes.set_xlabel(f"mean cost of a request, {_unit(board)}")
        axes.set_ylabel("mean score")
        axes.legend(fontsize=7, frameon=False, labelcolor=_INK)
        return _svg(figure, "Mean score over mean cost, by router")


def gains(board: Board) -> str:
    """Draw what each router but the oracle gains over a mix of single models at the same cost, with the interval."""
    with _figure(4.4) as (figure, axes):
        for row, colour in zip(board.rows, _colours(board.rows), strict=True):
            if row.name == ORACLE:
                continue
            curve = row.curve
            axes.plot(curve.costs, 100 * curve.gain, color=colour, linewidth=1.8, label=_plain(row.name))
            axes.fill_between(curve.costs, 100 * curve.low, 100 * curve.high, color=colour, alpha=0.12, linewidth=0)
        axes.axhline(0, color=_INK, linewidth=0.8, linestyle=":")
        axes.set_title("What routing gains over a mix of single models at the same cost (95 % interval)")
        axes.set_xlabel(f"mean cost of a request, {_unit(board)}")
        axes.set_ylabel("points of score")
        axes.legend(fontsize=7, frameon=False, labelcolor=_INK)
        return _svg(figure, "Gain over a mix of single models, by router")


def headlines(board: Board) -> str:
    """Draw APGR, for more than two models AIQ, of every router with its interval."""
    names = [_plain(row.name) for row in board.rows]
    with _figure(1.0 + 0.32 * len(names)) as (figure, axes):
        for place, (row, colour) in enumerate(zip(board.rows, _colours(board.rows), strict=True)):
            found = row.headline
            axes.plot([found.low, found.high], [place, place], color=colour, linewidth=2.5, alpha=0.6)
            axes.scatter([found.value], [place], color=colour, zorder=3)
        if board.contest.is_pair:
            axes.axvline(0.5, color=_INK, linewidth=0.8, linestyle=":")
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_title(f"{headline_name(board)} (95 % interval)")
        axes.set_xlabel(
            "share of the gap between both models, random 0.5" if board.contest.is_pair else "mean score over costs"
        )
        return _svg(figure, headline_name(board))


def reliabilities(board: Board, row: Row) -> str:
    """Draw what came against what was said, model by model; on the diagonal a probability means what it says."""
    with _figure(4.4) as (figure, axes):
        axes.plot([0, 1], [0, 1], color=_INK, linewidth=0.8, linestyle=":")
        for model, found, colour in zip(board.contest.data.models, row.reliability, _cycle(), strict=False):
            label = f"{_plain(_short(model))} (ECE {found.error:.3f})"
            axes.plot(found.predicted, found.observed, color=colour, linewidth=1.2, label=label)
            axes.scatter(found.predicted, found.observed, s=4 + 80 * found.counts / found.counts.max(), color=colour, alpha=0.6)
        axes.set_title(f"Reliability: {_plain(row.name)}")
        axes.set_xlabel("probability of a good answer, as said")
        axes.set_ylabel("mean score that came")
        axes.legend(fontsize=7, frameon=False, labelcolor=_INK)
        return _svg(figure, f"Reliability of {row.name}")


def headline_name(board: Board) -> str:
    """Name the figure by which routers are ranked on these data."""
    return "APGR" if board.contest.is_pair else "AIQ"


def _unit(board: Board) -> str:
    return {"USD": "USD", "Wh": "Wh"}.get(board.unit, "share of calls to the last model")


def _colours(rows: Sequence[Row]) -> list[str]:
    return [colour for _, colour in zip(rows, _cycle(), strict=False)]


def _cycle() -> Iterator[str]:
    while True:
        yield from COLOURS


@contextmanager
def _figure(height: float) -> Generator[tuple[Any, Any], None, None]:
    """Make a figure of eight inches in width; it is closed behind."""
    matplotlib, figures = (
        load_extra(module, "charts need matplotlib", extra="route", otherwise=", or leave --html out")
        for module in ("matplotlib", "matplotlib.figure")
    )
    ink = ("text.color", "axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color")
    style = dict.fromkeys(ink, _INK) | {"svg.fonttype": "none", "font.size": 9, "svg.hashsalt": "triplepoint"}
    with matplotlib.rc_context(style):
        figure = figures.Figure(figsize=(8, height), layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(visible=True, alpha=0.25, linewidth=0.5, color="#888888")
        axes.patch.set_alpha(0)
        figure.patch.set_alpha(0)
        yield figure, axes


def _svg(figure: Any, title: str) -> str:
    """Write a figure as an element of a page, with a title for those who do not see it, and without a date."""
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Title": title})
    text = _PREAMBLE.sub("", file.getvalue()).replace(_INK, "currentColor")
    return text.replace("<svg ", f'<svg role="img" aria-label="{html.escape(title)}" ', 1)


def _short(model: str) -> str:
    return model.rsplit("/", 1)[-1]


def _plain(name: str) -> str:
    """Keep a name from being read as a formula."""
    return name.replace("$", r"\$")
