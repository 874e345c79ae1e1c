"""The data plane: takes a request, has a model answer it, and writes down what happened.

One request to a model, in the order of its way (`model_calls`): it comes over a `connection` as a `cycle`, is kept as an
`arrival`, `caller` finds whose key it is and `pace` whether it comes too soon, `body` and `request` read what we act on,
`choice` takes the model that was named and `auto` has the router choose (`eligible` says what a key may be given, `dials` which
dials it may turn, `conversations` which model answered last), `admission` lets it in on its plan (`worst` and `claims` say what
is reserved, `ladder` what comes next, `quota_words` what is told, `seeding` where counters begin) and settles it afterwards.
From there it is a `job`: `attempts` tries the model's targets (`upstream` holds live connections, `breaker` and `retry` say who
is tried when, `waits` how long each has lately taken, `outgoing` makes the upstream's request, `refusal` reads its errors),
`forward` brings the answer back, `record` opens and closes the journal entry of each attempt, `admitted` says what it is
charged, `explain` how it was decided, `wire` speaks to the caller. Everything else that can be asked is in `lookups`.

`snapshot` is everything that may be decided upon, compiled once; `runtime` joins it with the `fleet`'s live upstreams and is
swapped as one reference; `app` puts all together as an application under our `connection`. Nothing here writes configuration:
the control plane reaches a gateway by its own socket (`ops`).
"""
