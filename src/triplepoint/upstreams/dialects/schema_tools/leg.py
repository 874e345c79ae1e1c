"""The two ways of this leg, put together."""

from triplepoint.upstreams.dialects.leg import Leg, Notices, Terms
from triplepoint.upstreams.dialects.schema_tools.answer import to_calls
from triplepoint.upstreams.dialects.schema_tools.offer import offer_of
from triplepoint.upstreams.dialects.schema_tools.request import to_schema
from triplepoint.upstreams.dialects.schema_tools.stream import CallEvents, RenamedEvents, renamed_answer
from triplepoint.upstreams.dialects.shapes import chat
from triplepoint.upstreams.dialects.shapes.reading import Members, member


def leg(fields: Members, terms: Terms) -> Leg:
    """Translate a chat request with tools into one without; one that offers no tools keeps its answer as it is.

    Raises: RequestInvalid: something in it is wrong, or cannot be had together with tools.
    """
    notices = Notices()
    options = member(fields, "stream_options", chat.STREAM_OPTIONS)
    is_usage_wanted = options is not None and bool(options.include_usage)
    offer = offer_of(fields)
    body = to_schema(fields, offer, terms, notices)
    if offer is None:
        return Leg(
            body,
            lambda answer: renamed_answer(answer, terms),
            lambda: RenamedEvents(terms, is_usage_wanted=is_usage_wanted),
            notices.listed(),
        )
    return Leg(
        body,
        lambda answer: to_calls(answer, offer, terms),
        lambda: CallEvents(offer, terms, is_usage_wanted=is_usage_wanted),
        notices.listed(),
    )
