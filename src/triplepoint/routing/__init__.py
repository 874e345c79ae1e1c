"""Routing: which model answers ``auto``.

`signals` reads a few facts from the request (how long, code, maths, tools, images, turns), `policies` turns a line-up's router
into something that decides, `explanation` says what was tried. The gateway first works out the candidates (entitled, capable,
healthy); a router picks among them and can pick nothing else::

    router = compile_router(lineup.router, lineup.models)
    signals = read_signals(fields, Dialect.CHAT)
    decision = router.decide(Question(signals=signals), {"nano", "regular"})
    decision.model, decision.reason    # "regular", "rule: holds code"
"""
