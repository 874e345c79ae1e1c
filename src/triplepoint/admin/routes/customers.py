"""Customers and their keys."""

from triplepoint.admin.routes.common import CurrentActor, Customer, Id, Services, guarded_router
from triplepoint.admin.shapes import CustomerBody, CustomerView, ExpireBody, IssuedKeyView, KeyBody, KeyView, RotateBody

router = guarded_router("customers and keys")


@router.get("/api/customers")
def list_customers(actor: CurrentActor, services: Services) -> list[CustomerView]:
    """List customers, oldest first."""
    return [CustomerView.of(customer) for customer in services.access.customers.all(actor)]


@router.post("/api/customers", status_code=201)
def create_customer(body: CustomerBody, actor: CurrentActor, services: Services) -> CustomerView:
    """Make a customer."""
    return CustomerView.of(services.access.customers.create(actor, body.name, time_zone=body.time_zone))


@router.get("/api/customers/{customer_id}")
def show_customer(customer_id: Id, actor: CurrentActor, services: Services) -> CustomerView:
    """Show a customer, by id or name."""
    return CustomerView.of(services.access.customers.find(actor, customer_id))


@router.get("/api/keys")
def list_keys(
    actor: CurrentActor,
    services: Services,
    customer: Customer = None,
) -> list[KeyView]:
    """List keys, oldest first; ended ones too."""
    return [KeyView.of(key) for key in services.access.keys.all(actor, customer)]


@router.post("/api/keys", status_code=201)
def create_key(body: KeyBody, actor: CurrentActor, services: Services) -> IssuedKeyView:
    """Make a key; the answer is the only place where it stands whole."""
    models = None if body.models is None else tuple(body.models)
    issued = services.access.keys.create(actor, body.customer, label=body.label, models=models, expires_us=body.expires_us)
    return IssuedKeyView.issued(issued)


@router.get("/api/keys/{key_id}")
def show_key(key_id: Id, actor: CurrentActor, services: Services) -> KeyView:
    """Show a key, without its secret."""
    return KeyView.of(services.access.keys.find(actor, key_id))


@router.post("/api/keys/{key_id}/revoke")
def revoke_key(key_id: Id, actor: CurrentActor, services: Services) -> KeyView:
    """End a key now and for good."""
    return KeyView.of(services.access.keys.revoke(actor, key_id))


@router.post("/api/keys/{key_id}/rotate", status_code=201)
def rotate_key(key_id: Id, actor: CurrentActor, services: Services, body: RotateBody | None = None) -> IssuedKeyView:
    """Make a key that takes this one's place; this one goes on working for `overlap_s`."""
    return IssuedKeyView.issued(services.access.keys.rotate(actor, key_id, overlap_s=(body or RotateBody()).overlap_s))


@router.post("/api/keys/{key_id}/expire")
def expire_key(key_id: Id, body: ExpireBody, actor: CurrentActor, services: Services) -> KeyView:
    """Say when a key ends."""
    return KeyView.of(services.access.keys.expire(actor, key_id, expires_us=body.expires_us))
