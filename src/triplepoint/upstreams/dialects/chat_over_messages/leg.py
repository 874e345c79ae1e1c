"""The two ways of this pair, put together."""

from triplepoint.upstreams.dialects.chat_over_messages.answer import to_completion
from triplepoint.upstreams.dialects.chat_over_messages.request import to_messages
from triplepoint.upstreams.dialects.chat_over_messages.stream import ChunkEvents
from triplepoint.upstreams.dialects.leg import Leg, Notices, Terms
from triplepoint.upstreams.dialects.shapes import chat
from triplepoint.upstreams.dialects.shapes.reading import Members, member


def leg(fields: Members, terms: Terms) -> Leg:
    """Translate a request of chat into one of messages.

    Raises: RequestInvalid: something in it is wrong, or cannot be carried over.
    """
    notices = Notices()
    options = member(fields, "stream_options", chat.STREAM_OPTIONS)
    is_usage_wanted = options is not None and bool(options.include_usage)
    body = to_messages(fields, terms, notices)
    return Leg(
        body,
        lambda answer: to_completion(answer, terms),
        lambda: ChunkEvents(terms, is_usage_wanted=is_usage_wanted),
        notices.listed(),
    )
