"""The data plane: takes a request, has a model answer it, and writes down what happened.

One request, in order: `body` reads it, `caller` finds whose key it is, `request` reads what we act on, `choice` picks the
model and its targets, `attempts` tries them (`upstream` holds the live connections, `breaker` and `retry` say who is tried
when), `forward` streams the answer back, `record` opens and closes the journal entry of each attempt, `wire` speaks to the
caller. `snapshot` is everything that may be decided upon, compiled once and swapped as one reference; `app` puts them
together as a raw ASGI application. Nothing here writes configuration; the control plane reaches a gateway by its own socket
(`ops`).
"""
