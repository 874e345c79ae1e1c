"""HTML is escaped where it is made."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from triplepoint.console.markup import Markup, join, tag


class _Reading(HTMLParser):
    """Collects what a browser would make of HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def _read(markup: str) -> _Reading:
    reading = _Reading()
    reading.feed(markup)
    reading.close()
    return reading


_TEXT = st.text(st.characters(exclude_characters="\r\x00", exclude_categories=["Cs"]))


@given(text=_TEXT, attribute=_TEXT)
def test_whatever_text_holds_it_stays_text(text: str, attribute: str) -> None:
    """No text becomes an element or an attribute, and a browser reads back what was written."""
    reading = _read(tag("p", text, title=attribute))
    assert reading.elements == ["p"]
    assert reading.attributes == [("title", attribute)]
    assert reading.text == text


def test_markup_inside_markup_is_not_escaped_again() -> None:
    """What is safe already is put in as it is; text beside it is escaped."""
    assert tag("p", tag("b", "a&b"), "<i>", join("x", None)) == "<p><b>a&amp;b</b>&lt;i&gt;x</p>"


def test_attributes_are_left_out_where_they_say_nothing() -> None:
    """False and None leave an attribute out, True writes its name alone; trailing and inner underscores are for Python."""
    written = tag("option", "x", class_="a", aria_label="b", selected=True, disabled=False, title=None)
    assert written == '<option class="a" aria-label="b" selected>x</option>'


def test_a_changed_markup_is_text_again() -> None:
    """Text made of markup by other means than ours is escaped: only `tag` and `join` vouch for it."""
    assert tag("p", Markup("<b>") + "<script>") == "<p>&lt;b&gt;&lt;script&gt;</p>"
