"""How often the router is wrong, drawn: what audits found of all requests and by plan, model and group, and what alarms."""

from collections.abc import Iterator

from triplepoint.console.decision import draw_table
from triplepoint.console.formats import NOTHING, count_text, share_text
from triplepoint.console.markup import Content, Markup, join, tag
from triplepoint.ledger.receipts import printable
from triplepoint.routing.audits.report import MisrouteReport
from triplepoint.routing.guarantee.misroutes import Misroutes, Rate, Slice
from triplepoint.stats.binomial import Interval

_HEADS = ["Of", "Audits", "Under-routes", "95 % interval", "Whatever the undecided are", "Over-routes", "95 % interval "]


def draw_misroutes(report: MisrouteReport) -> Markup:
    """Draw what audits found."""
    undecided = share_text(report.undecided, report.audits)
    cost = f"${report.cost_usd}" + (f" and {count_text(report.unpriced)} of unknown cost" if report.unpriced else "")
    said = (
        f"{report.share * 100:.3g} % of the requests to auto are answered a second time and compared. So far "
        f"{count_text(report.audits)} were, {undecided} of them undecided; they cost {cost}."
    )
    return tag(
        "section",
        tag("h2", "Misroutes"),
        *_alarms(report),
        tag("p", said),
        _rates(report) if report.audits else tag("p", "No audit has been made yet.", class_="hint"),
        tag("p", tag("a", "These rates as JSON", href="/api/routing/misroutes"), class_="twin"),
        class_="card misroutes",
    )


def _alarms(report: MisrouteReport) -> Iterator[Markup]:
    for alarm in report.alarms:
        yield tag("p", tag("strong", "Alarm:"), " ", printable(alarm), class_="alarm")
    for one in report.lapses:
        which = f"{one.reference}, {one.group}" if one.group else f"{one.reference}, pooled groups"
        yield tag("p", tag("strong", "Lapsed:"), f" the certificate for {printable(which)}.", class_="alarm")
    if not report.alarms:
        limit = f"{report.alarm_above * 100:.3g} %"
        yield tag("p", tag("span", "no alarm", class_="chip finished"), f" There is one where under-routes are above {limit}.")


def _rates(report: MisrouteReport) -> Markup:
    meaning = (
        "An under-route: the strongest model's answer was materially better. An over-route: the next weaker model would have "
        "done. Each interval stands by itself."
    )
    rows = [_row(one) for one in report.rates]
    return join(draw_table(_HEADS, rows, label="Misroute rates"), tag("p", meaning, class_="hint"))


def _row(one: Misroutes) -> list[Content]:
    of = "all requests" if one.slice is Slice.ALL else f"{one.slice.value} {printable(one.name) or NOTHING}"
    under, over = one.under, one.over
    overs = (_rate(over), _interval(over.interval)) if over.audits else (NOTHING, NOTHING)
    return [of, count_text(under.audits), _rate(under), _interval(under.interval), _interval(under.bounds), *overs]


def _rate(rate: Rate) -> str:
    return NOTHING if rate.rate is None else f"{rate.rate * 100:.1f} %"


def _interval(interval: Interval) -> str:
    return f"{interval.low * 100:.1f} to {interval.high * 100:.1f} %"
