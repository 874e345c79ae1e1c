"""The gateway and its line-up: how it is, what it serves, and having it load the files again."""

from contextlib import suppress

from fastapi import Response

from triplepoint.admin.faults import fault_body
from triplepoint.admin.reference import answers
from triplepoint.admin.routes.common import CurrentActor, Services, guarded_router, json_answer
from triplepoint.foundation.errors import GatewayAway, SettingsInvalid, TriplepointError
from triplepoint.telemetry.status import GatewayStatus, Published

router = guarded_router("gateway and line-up")

_AWAY = "no gateway answers for this installation; start it with `triplepoint up`"


@router.get("/healthz", response_model=dict[str, str])
async def check_health() -> dict[str, str]:
    """Say that the control plane answers."""
    return {"status": "ok"}


@router.get("/metrics", response_class=Response)
def show_metrics(services: Services) -> Response:
    """Show the metrics of gateway and audits in Prometheus' text format; open to callers on this machine."""
    text = services.gateway.metrics()
    if text is None:
        raise GatewayAway(_AWAY, retry_after_s=1.0)
    with suppress(TriplepointError):  # files that are wrong for a moment shall not hide how the gateway is
        text += services.misroutes.page()
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/api/status", responses=answers(GatewayStatus))
def show_status(services: Services) -> Response:
    """Say how the gateway and its upstreams are."""
    status = services.gateway.status()
    if status is None:
        raise GatewayAway(_AWAY, retry_after_s=1.0)
    return json_answer(status)


@router.get("/api/lineup")
def show_lineup(services: Services) -> Response:
    """Show the active line-up."""
    return json_answer(services.lineup())


@router.post("/api/lineup/apply", responses=answers(Published))
def apply_lineup(actor: CurrentActor, services: Services) -> Response:
    """Have the gateway load its files again and swap the snapshot; wrong files change nothing (422, with every problem)."""
    published = services.gateway.publish()
    if published is None:
        raise GatewayAway(_AWAY, retry_after_s=1.0)
    services.access.note(actor, "lineup.apply", published.lineup, hash=published.lineup_hash, ok=published.ok)
    if published.ok:
        return json_answer(published)
    message = "the files are wrong, so the former line-up goes on; correct the problems and apply again"
    answer = json_answer(fault_body(SettingsInvalid.code, message, problems=published.problems))
    answer.status_code = SettingsInvalid.status
    return answer
