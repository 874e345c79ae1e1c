"""What may be written: names, labels, model lists, moments and durations, each refused with the reason and the way out."""

import re

from triplepoint.access.keys import looks_like_key
from triplepoint.access.model import Actor, Role
from triplepoint.foundation.errors import NotEntitled, RequestInvalid

MAX_TEXT = 80
MAX_MODELS = 256
MAX_OVERLAP_S = 90 * 86_400.0
LATEST_US = 253_402_300_799_000_000
"""The end of the year 9999, after which dates cannot be written."""

_OPERATOR_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")


def require(actor: Actor, needed: Role) -> None:
    """Let an actor pass who has a role.

    Raises: NotEntitled: the role is too small.
    """
    if not actor.role.covers(needed):
        raise NotEntitled(f"this needs the role {needed}; {actor.name} has {actor.role}. Ask an admin", code="role_too_small")


def checked_text(text: str, *, param: str, may_be_empty: bool = False, longest: int = MAX_TEXT) -> str:
    """Return a name or label for people, without space around it.

    Raises: RequestInvalid: empty, too long, unprintable, or a key by mistake.
    """
    text = text.strip()
    if not text and not may_be_empty:
        raise RequestInvalid(f"{param} is empty; give it a text that people recognise", param=param)
    if len(text) > longest:
        raise RequestInvalid(f"{param} has {len(text)} characters; at most {longest} are kept", param=param)
    if not text.isprintable():
        raise RequestInvalid(f"{param} holds control characters; write it on one line without them", param=param)
    if looks_like_key(text):
        raise RequestInvalid(f"{param} looks like a key; a key is never written down here", param=param)
    return text


def checked_customer_name(name: str) -> str:
    """Return a customer's name; one that reads like an id would make commands ambiguous.

    Raises: RequestInvalid: as `checked_text`, or it reads like an id.
    """
    name = checked_text(name, param="name")
    if name.startswith("cust_"):
        raise RequestInvalid("name begins like an id (cust_); choose another", param="name")
    return name


def checked_operator_name(name: str) -> str:
    """Return an operator's name.

    Raises: RequestInvalid: not a plain lower-case name or mail address.
    """
    if not _OPERATOR_NAME.fullmatch(name) or looks_like_key(name) or name.startswith("oper_"):
        raise RequestInvalid(
            "an operator's name is 1 to 64 of a-z, 0-9 and . _ @ + -, begins with a letter or digit, and is no id",
            param="name",
        )
    return name


def checked_models(models: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return the models that a key may call, each once; None is every model.

    Raises: RequestInvalid: an empty list, too many, or what cannot be a model's name.
    """
    if models is None:
        return None
    if not models:
        raise RequestInvalid("models is empty, so the key would open nothing; leave it out for all models", param="models")
    if len(models) > MAX_MODELS:
        raise RequestInvalid(f"models has {len(models)} names; at most {MAX_MODELS}", param="models")
    for index, name in enumerate(models):
        if not _MODEL_NAME.fullmatch(name):
            raise RequestInvalid("this cannot be the name of a model; names have no spaces and no @", param=f"models[{index}]")
    return tuple(dict.fromkeys(models))


def checked_expiry(expires_us: int | None, now_us: int) -> int | None:
    """Return a moment in the future, or None for never.

    Raises: RequestInvalid: it has passed, or cannot be written as a date.
    """
    if expires_us is None:
        return None
    if expires_us <= now_us:
        raise RequestInvalid("this moment has passed; to end a key now, revoke it", param="expires_us")
    if expires_us > LATEST_US:
        raise RequestInvalid(
            "this moment is after the year 9999; leave it out for a key that does not expire", param="expires_us"
        )
    return expires_us


def checked_overlap(overlap_s: float) -> float:
    """Return how long an old key outlives its rotation.

    Raises: RequestInvalid: negative, no number, or longer than 90 days.
    """
    if not 0 <= overlap_s <= MAX_OVERLAP_S:
        raise RequestInvalid(f"overlap_s is between 0 and {MAX_OVERLAP_S:.0f} (90 days)", param="overlap_s")
    return overlap_s
