"""A caller who speaks OpenAI responses, an upstream that speaks chat completions (or messages, one leg further).

Triplepoint keeps no conversation for its callers, so what points at a stored one (``previous_response_id``, ``conversation``,
``background``, item references) is refused rather than forgotten, and encrypted reasoning is refused because only the
upstream that made it can read it. The input's items become messages: a call joins the assistant message before it, and
pictures in the output of a function go into a user message after it, because chat has no place for them. ``store`` is never
on.

The answer: one reasoning item, one message, one item for each call, with ids made from the upstream's. The response object
echoes the caller's settings as the vendor's does. Where the dialect demands a count that the upstream did not report it says
0, and where there is no usage at all, null.
"""
