"""Our two components for NiceGUI: the live table, and the dialog that shows a receipt."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nicegui.element import Element
from nicegui.elements.html import Html

from triplepoint.console.markup import Markup

_STATIC = Path(__file__).parent / "static"


class AttemptTable(Element, component=_STATIC / "attempts.js"):
    """The live table. Emits ``drawn`` (number), ``turn`` (model, ending), ``pause`` (on or off), ``open`` (receipt)."""

    def show(
        self,
        number: int,
        *,
        order: Sequence[str] | None,
        lines: Sequence[Any],
        models: Sequence[str] | None,
        state: str,
        scope: str,
        is_stale: bool,
    ) -> None:
        """Show a frame.

        Args:
            number: Comes back with ``drawn``.
            order: Keys of all lines, newest first; None: as they are.
            lines: Those that the browser does not have yet, as JSON values.
            models: To choose from; None: as they are.
            state: ``rows``, ``loading``, ``empty``, ``fault`` or ``none``.
            scope: What the lines are, in words.
            is_stale: Whether they are of before.
        """
        frame = {
            "number": number,
            "order": order,
            "lines": lines,
            "models": models,
            "state": state,
            "scope": scope,
            "is_stale": is_stale,
        }
        self.run_method("show", frame)


class ReceiptDialog(Element, component=_STATIC / "receipt_dialog.js"):
    """The dialog. Emits ``shut``, and ``open`` (receipt) where the browser's history leads to another."""

    def show(self, receipt_id: str) -> None:
        """Show what stands in it, under the receipt's address."""
        self.run_method("show", receipt_id)


class Panel(Html):
    """A piece of the page that is drawn as `Markup`."""

    def __init__(self, markup: Markup, *, classes: str, name: str = "div") -> None:
        """Show markup in an element with classes."""
        super().__init__(markup, sanitize=False, tag=name)
        self.classes(classes)

    def show(self, markup: Markup) -> None:
        """Show other markup; the same again is not sent."""
        if markup != self.content:
            self.content = markup


class EnquiryForm(Element, component=_STATIC / "enquiry.js"):
    """The form that asks what would become of a request. Emits ``ask`` (what it holds)."""

    def __init__(self, *, models: Sequence[str], customers: Sequence[str], usual_thrift: int | None, longest: int) -> None:
        """Make the form.

        Args:
            models: Of the line-up, to choose from.
            customers: Names, to choose from.
            usual_thrift: Dial of the line-up; None: it has none.
            longest: Characters that may be entered.
        """
        super().__init__()
        self._props.update(
            models=list(models),
            customers=list(customers),
            takesThrift=usual_thrift is not None,
            usualThrift=usual_thrift or 0,
            longest=longest,
        )

    def done(self, note: str) -> None:
        """Let it be used again, and say how it went."""
        self.run_method("done", note)
