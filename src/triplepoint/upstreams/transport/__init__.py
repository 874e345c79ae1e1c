"""HTTP/1.1 to the upstreams: pooled, strict, and cheap enough that a gateway in Python need not blush.

The upstream client is where Python gateways lose their time, so this one does only what a gateway asks of it: one request,
one answer, bytes in between. No redirects, no cookies, no proxies, no retries.

::

    client.HttpClient ── pool.Pool ── connection.Connection ── wire.reader.AnswerReader   (bytes → answer, no I/O)
                                            │   └── alarm.Alarm                           (one lazy timer for all limits)
                                            └── answer.Answer ── encoding.Decoder         (what the gateway reads)

**Never sent twice.** A server may close a kept connection just when we write to it. Such a request may or may not have been
worked on, and for a language model that is money: so nothing here is ever sent again. A connection known to be closed is
not used; one that dies after our write fails with ``connection_lost``, and the gateway's retry makes a new attempt with a
ledger row of its own. A ``Keep-Alive: timeout`` of the server is obeyed with a second to spare, which makes the race rare.

**Never reused in doubt.** A connection goes back to the pool only when the answer ended by its own framing, no byte came
after it, the request was wholly sent, and neither side asked to close. Everything else closes it, at once and for good.

**Strict.** Where two readers of the same bytes could disagree on where a message ends, we refuse: both lengths given, a
length given twice, an unknown transfer coding, folded headers, bare CR or LF, control characters.
`tests/upstreams/transport` holds the comparison with h11 and the table of deliberate differences.

Example::

    client = HttpClient("https://api.openai.com", PoolSettings())
    answer = await client.send(b"POST", b"/v1/chat/completions", headers, body, limits=LimitSettings())
    while piece := await answer.chunk():
        ...
"""
