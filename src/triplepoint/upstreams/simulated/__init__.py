"""A scripted upstream: answers, counts, delays and faults that are known beforehand.

It is a real server on loopback, written on raw sockets so that it can misbehave on the wire, and it speaks OpenAI chat
completions, responses and embeddings, and Anthropic messages. A line-up reaches it like any other upstream
(``kind: simulated``); ``triplepoint simulate SCRIPT`` runs it alone. A script is a list of cases, and the first that holds
decides::

    cases:
      - when: {model: small, nth: 1}
        fault: {kind: status, status: 429, retry_after: "2"}
      - when: {contains: weather}
        answer: {tool_calls: [{name: forecast, arguments: {city: Bern}}]}
    answer: {echo: true, pace: {first_token: 200ms, tokens_per_second: 50}}

The way of a request: `connection` reads it, `seen` writes it down, `responder` finds the case (`matching`) and what to say
(`reply`, `quality`), a dialect puts that into frames (`chat`, `responses`, `messages`), `layout` makes the answer's bytes and
pauses of them, `damage` breaks what the fault says, and `connection` plays the result. All but the first two and the last is
free of I/O, and every draw is a hash of seed and request, so the same script gives the same answers on every machine.
"""
