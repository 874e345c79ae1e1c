"""What stands around the live table: how things are, in numbers. Drawn once for each look, for all browsers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from triplepoint.console.formats import (
    NOTHING,
    age_text,
    count_text,
    hour_text,
    rate_text,
    share_text,
    span_text,
    sum_text,
)
from triplepoint.console.markup import Markup, join, tag
from triplepoint.console.sums import Span, Tally
from triplepoint.ledger.receipts import printable
from triplepoint.telemetry.status import GatewayStatus, UpstreamStatus

_HUES = 6
"""Colours of the bar; the models beyond share the last one."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """The numbers of one look."""

    now_us: int
    rate: tuple[float, float] | None
    """Requests a second, and over how many seconds; None: not measured yet, or no gateway."""
    minute: Span
    hour: Span
    first_byte: tuple[int, int] | None
    """Median time to the first byte in microseconds, and of how many attempts."""


@dataclass(frozen=True, slots=True)
class Panels:
    """Pieces of the page."""

    alarm: Markup
    """What is wrong, for everyone to see; empty where nothing is."""
    strip: Markup
    """One line: the active line-up and the gateway."""
    tiles: Markup
    share: Markup
    upstreams: Markup


def draw(vitals: Vitals, status: GatewayStatus | None, *, is_stale: bool) -> Panels:
    """Draw the panels.

    Args:
        vitals: Numbers.
        status: Of the gateway; None where none answers.
        is_stale: Whether the ledger could not be read.
    """
    return Panels(
        alarm=join(*_alarms(status, is_stale=is_stale)),
        strip=_strip(status, vitals.now_us),
        tiles=_tiles(vitals, is_away=status is None),
        share=_share(vitals.hour, vitals.now_us),
        upstreams=_upstreams(status),
    )


def span_name(span: Span, name: str, now_us: int) -> str:
    """Name a span: ``last hour``; where it is not whole yet, how far back it goes."""
    if span.is_whole:
        return f"last {name}"
    if span.seconds < 60:
        return f"last {span.seconds:.0f} s"
    return f"since {hour_text(now_us - round(span.seconds * 1e6))} UTC"


def _alarms(status: GatewayStatus | None, *, is_stale: bool) -> list[Markup]:
    alarms: list[Markup] = []
    if status is None:
        fix = join(
            "Start it with ", tag("code", "triplepoint up"), "; ", tag("code", "triplepoint doctor"), " says what is wrong."
        )
        alarms.append(_alarm("No gateway answers.", "Callers get no answers. What is shown is the ledger.", fix))
    elif status.journal != "ok":
        alarms.append(
            _alarm("The journal is in trouble.", printable(status.journal), "Make room on the disk of the data folder.")
        )
    if is_stale:
        alarms.append(_alarm("The ledger cannot be read.", "Attempts and sums are those of before.", "The log has the reason."))
    return alarms


def _alarm(what: str, meaning: str, fix: str) -> Markup:
    return tag("p", tag("strong", what), " ", meaning, " ", fix, class_="alarm")


def _strip(status: GatewayStatus | None, now_us: int) -> Markup:
    if status is None:
        return tag("p", _dot("bad"), "gateway away", class_="strip")
    age = age_text((now_us - status.started_us) / 1e6)
    return tag(
        "p",
        tag("span", "line-up ", tag("a", status.lineup, href="/lineup"), " ", tag("code", status.lineup_hash)),
        tag("span", _dot("good"), f"gateway {status.version}, up {age}"),
        tag("span", f"{count_text(status.in_flight)} in flight"),
        class_="strip",
    )


def _tiles(vitals: Vitals, *, is_away: bool) -> Markup:
    minute, hour = vitals.minute, vitals.hour
    recent, whole = minute.total, hour.total
    minute_name, hour_name = span_name(minute, "minute", vitals.now_us), span_name(hour, "hour", vitals.now_us)
    rate, seconds = vitals.rate or (None, 0.0)
    rate_note = "gateway away" if is_away else "measuring…" if rate is None else f"over the last {seconds:.0f} s"
    middle, answers = vitals.first_byte or (None, 0)
    return tag(
        "dl",
        _tile("Requests / s", NOTHING if rate is None else rate_text(rate), rate_note),
        _tile("Spend, minute", sum_text(recent.cost), _spend_note(recent, minute_name)),
        _tile("Spend, hour", sum_text(whole.cost), _spend_note(whole, hour_name)),
        _tile(
            "Errors",
            share_text(whole.failed, whole.attempts),
            f"{count_text(whole.failed)} of {count_text(whole.attempts)}, {hour_name}",
            is_bad=whole.failed > 0,
        ),
        _tile(
            "First byte, median",
            NOTHING if middle is None else span_text(middle),
            f"of the latest {answers} answers" if answers else "no answer yet",
        ),
        class_="tiles",
    )


def _tile(name: str, value: str, note: str, *, is_bad: bool = False) -> Markup:
    number = tag("dd", value, class_="value bad" if is_bad else "value")
    return tag("div", tag("dt", name), number, tag("dd", note, class_="note"), class_="tile")


def _spend_note(tally: Tally, name: str) -> str:
    unpriced = f" ({count_text(tally.unpriced)} unpriced)" if tally.unpriced else ""
    return f"{count_text(tally.attempts)} attempts{unpriced}, {name}"


def _share(hour: Span, now_us: int) -> Markup:
    head = _head("Share by model", span_name(hour, "hour", now_us))
    whole = hour.total.attempts
    if whole <= 0:
        return join(head, tag("p", "Nothing has ended in this time.", class_="hint"))
    parts = _largest(hour.models)
    said = ", ".join(f"{name} {share_text(tally.attempts, whole)}" for name, tally in parts)
    pieces = (tag("span", class_=f"hue-{hue}", style=f"flex-grow:{tally.attempts}") for hue, (_, tally) in enumerate(parts))
    rows = (_share_row(hue, name, tally, whole) for hue, (name, tally) in enumerate(parts))
    heads = tag("thead", tag("tr", *(tag("th", text, scope="col") for text in ("Model", "Attempts", "Share", "Spend"))))
    return join(
        head,
        tag("div", *pieces, class_="stack", role="img", aria_label=f"Attempts by model: {said}"),
        tag("table", heads, tag("tbody", *rows), class_="figures"),
    )


def _share_row(hue: int, name: str, tally: Tally, whole: int) -> Markup:
    swatch = tag("span", class_=f"swatch hue-{hue}", aria_hidden="true")
    return tag(
        "tr",
        tag("th", swatch, name, scope="row"),
        tag("td", count_text(tally.attempts)),
        tag("td", share_text(tally.attempts, whole)),
        tag("td", sum_text(tally.cost)),
    )


def _largest(models: Mapping[str, Tally]) -> Sequence[tuple[str, Tally]]:
    """Order models by attempts; where there are more than colours, the smallest become one."""
    ordered = sorted(models.items(), key=lambda item: (-item[1].attempts, item[0]))
    if len(ordered) <= _HUES:
        return [(printable(name), tally) for name, tally in ordered]
    rest = sum((tally for _, tally in ordered[_HUES - 1 :]), Tally(cost=Decimal(0)))
    named = [(printable(name), tally) for name, tally in ordered[: _HUES - 1]]
    return [*named, (f"{len(ordered) - _HUES + 1} others", rest)]


def _upstreams(status: GatewayStatus | None) -> Markup:
    if status is None:
        return join(_head("Upstreams", "unknown"), tag("p", "Only the gateway knows how they are.", class_="hint"))
    ready = sum(upstream.state == "ready" and upstream.breaker == "closed" for upstream in status.upstreams)
    head = _head("Upstreams", f"{ready} of {len(status.upstreams)} ready")
    return join(head, tag("ul", *(_upstream(upstream) for upstream in status.upstreams), class_="upstreams"))


def _upstream(upstream: UpstreamStatus) -> Markup:
    is_ready = upstream.state == "ready"
    mark = "good" if is_ready and upstream.breaker == "closed" else "bad" if upstream.breaker == "open" else "waiting"
    state = printable(upstream.state) if is_ready or upstream.state else "unknown"
    breaker = "" if upstream.breaker == "closed" else f", breaker {upstream.breaker}"
    return tag(
        "li",
        tag(
            "div",
            _dot(mark),
            tag("strong", upstream.name),
            tag("span", upstream.kind, class_="kind"),
            tag("span", f"{state}{breaker}", class_=f"state {mark}"),
            class_="name",
        ),
        tag(
            "div",
            tag("span", f"{count_text(upstream.in_flight)} in flight"),
            tag("span", f"{count_text(upstream.failures)} of {count_text(upstream.attempts)} failed"),
            tag("span", f"last error {printable(upstream.last_error)}", class_="bad") if upstream.last_error else None,
            class_="counts",
        ),
    )


def _head(title: str, note: str) -> Markup:
    return tag("div", tag("h2", title), tag("span", note, class_="note"), class_="head")


def _dot(kind: str) -> Markup:
    return tag("span", class_=f"dot {kind}", aria_hidden="true")
