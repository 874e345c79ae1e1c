"""HTML that is escaped by construction.

A `Markup` is text that is safe to show; `tag` and `join` alone make one. Whatever else is handed to them is text from
somebody and is escaped, so a model that calls itself ``<script>`` is shown as that. ::

    tag("a", row.asked_model, href=f"/receipts/{row.receipt_id}", class_="name")
"""

from html import escape


class Markup(str):
    """HTML that may be shown as it is."""

    __slots__ = ()


Content = str | None
"""Text, markup, or nothing."""
Attribute = str | int | bool | None
"""Value of an attribute: False and None leave it out, True writes it without a value."""


def tag(element: str, /, *content: Content, **attributes: Attribute) -> Markup:
    """Make an element.

    Args:
        element: Its name, never from outside.
        content: Its children; text that is no `Markup` is escaped.
        attributes: By name; ``class_`` is ``class``, ``aria_label`` is ``aria-label``.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    return Markup(f"<{element}{written}>{join(*content)}</{element}>")


def join(*content: Content) -> Markup:
    """Put pieces one after another."""
    return Markup("".join(_safe(piece) for piece in content if piece is not None))


def _safe(piece: str) -> str:
    return piece if isinstance(piece, Markup) else escape(piece)


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
