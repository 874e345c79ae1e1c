"""The two ways of this pair, put together."""

from triplepoint.upstreams.dialects.leg import Leg, Notices, Terms
from triplepoint.upstreams.dialects.messages_over_chat.answer import to_message
from triplepoint.upstreams.dialects.messages_over_chat.request import to_chat
from triplepoint.upstreams.dialects.messages_over_chat.stream import MessageEvents
from triplepoint.upstreams.dialects.shapes.reading import Members


def leg(fields: Members, terms: Terms) -> Leg:
    """Translate a request of messages into one of chat.

    Raises: RequestInvalid: something in it is wrong, or cannot be carried over.
    """
    notices = Notices()
    body = to_chat(fields, terms, notices)
    return Leg(body, lambda answer: to_message(answer, terms), lambda: MessageEvents(terms), notices.listed())
