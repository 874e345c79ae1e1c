"""The two ways of this pair, put together."""

from triplepoint.upstreams.dialects.leg import Leg, Notices, Terms
from triplepoint.upstreams.dialects.responses_over_chat.answer import to_response
from triplepoint.upstreams.dialects.responses_over_chat.request import echo, to_chat
from triplepoint.upstreams.dialects.responses_over_chat.stream import ResponseEvents
from triplepoint.upstreams.dialects.shapes.reading import Members


def leg(fields: Members, terms: Terms) -> Leg:
    """Translate a request of responses into one of chat.

    Raises: RequestInvalid: something in it is wrong, or cannot be carried over.
    """
    notices = Notices()
    body = to_chat(fields, terms, notices)
    settings = echo(fields)
    return Leg(
        body, lambda answer: to_response(answer, terms, settings), lambda: ResponseEvents(terms, settings), notices.listed()
    )
