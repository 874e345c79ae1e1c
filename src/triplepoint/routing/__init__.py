"""Routing: which model answers ``auto``.

`signals` reads a few facts from the request (how long, code, maths, tools, images, turns), `policies` turns a line-up's router
into something that decides, `explanation` says what was tried. The gateway first works out the candidates (entitled, capable,
healthy); a router picks among them and can pick nothing else::

    router = compile_router(lineup.router, lineup.models)
    reading = read_request(fields, Dialect.CHAT, headers=headers, wants_text=router.reads_text)
    decision = router.decide(Question(signals=reading.signals, text=reading.text), {"nano", "regular"})
    decision.model, decision.reason    # "regular", "rule: holds code"
"""
