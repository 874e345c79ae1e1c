"""Operators, their keys, and the audit log of what they did."""

from typing import Annotated

from fastapi import Query

from triplepoint.admin.routes.common import CurrentActor, Id, Limit, Services, guarded_router
from triplepoint.admin.shapes import (
    NO_NUL,
    AuditView,
    IssuedOperatorKeyView,
    OperatorBody,
    OperatorKeyBody,
    OperatorKeyView,
    OperatorView,
    PasswordBody,
    RoleBody,
    secret,
)

router = guarded_router("operators and audit log")


@router.get("/api/operators")
def list_operators(actor: CurrentActor, services: Services) -> list[OperatorView]:
    """List operators, oldest first."""
    return [OperatorView.of(operator) for operator in services.access.operators.all(actor)]


@router.post("/api/operators", status_code=201)
def create_operator(body: OperatorBody, actor: CurrentActor, services: Services) -> OperatorView:
    """Make an operator."""
    return OperatorView.of(services.access.operators.create(actor, body.name, role=body.role, password=secret(body.password)))


@router.post("/api/operators/{operator_id}/disable")
def disable_operator(operator_id: Id, actor: CurrentActor, services: Services) -> OperatorView:
    """Lock an operator out; sessions end, keys open nothing."""
    return OperatorView.of(services.access.operators.disable(actor, operator_id))


@router.post("/api/operators/{operator_id}/enable")
def enable_operator(operator_id: Id, actor: CurrentActor, services: Services) -> OperatorView:
    """Let an operator in again."""
    return OperatorView.of(services.access.operators.enable(actor, operator_id))


@router.post("/api/operators/{operator_id}/role")
def set_role(operator_id: Id, body: RoleBody, actor: CurrentActor, services: Services) -> OperatorView:
    """Change what an operator may do."""
    return OperatorView.of(services.access.operators.set_role(actor, operator_id, body.role))


@router.post("/api/operators/{operator_id}/password")
def set_password(operator_id: Id, body: PasswordBody, actor: CurrentActor, services: Services) -> OperatorView:
    """Give an operator a new password; all of their sessions end."""
    return OperatorView.of(services.access.operators.set_password(actor, operator_id, secret(body.password)))


@router.get("/api/operators/{operator_id}/keys")
def list_operator_keys(operator_id: Id, actor: CurrentActor, services: Services) -> list[OperatorKeyView]:
    """List the keys of an operator; ended ones too."""
    return [OperatorKeyView.of(key) for key in services.access.operators.keys_of(actor, operator_id)]


@router.post("/api/operators/{operator_id}/keys", status_code=201)
def create_operator_key(
    operator_id: Id, actor: CurrentActor, services: Services, body: OperatorKeyBody | None = None
) -> IssuedOperatorKeyView:
    """Make a key with which a program acts as this operator; the answer is the only place where it stands whole."""
    given = body or OperatorKeyBody()
    issued = services.access.operators.create_key(actor, operator_id, label=given.label, expires_us=given.expires_us)
    return IssuedOperatorKeyView.issued(issued)


@router.post("/api/operator-keys/{key_id}/revoke")
def revoke_operator_key(key_id: Id, actor: CurrentActor, services: Services) -> OperatorKeyView:
    """End an operator's key now and for good."""
    return OperatorKeyView.of(services.access.operators.revoke_key(actor, key_id))


@router.get("/api/audit")
def list_audit(
    actor: CurrentActor,
    services: Services,
    before_id: Annotated[int | None, Query(ge=0, lt=2**63, description="Only lines older than this one.")] = None,
    subject: Annotated[str | None, Query(max_length=128, pattern=NO_NUL, description="Only about this id.")] = None,
    limit: Limit = 100,
) -> list[AuditView]:
    """List writes, newest first."""
    entries = services.access.audit(actor, before_id=before_id, subject=subject, limit=limit)
    return [AuditView.entry(entry) for entry in entries]
