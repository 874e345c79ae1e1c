"""Routing: which model answers ``auto``.

`signals` reads facts from the request (how long, which language, code, maths, tools, images, what came before), `policies`
turns a line-up's router into something that decides, `explanation` says what was tried and what would have led elsewhere. The
gateway first works out the candidates (entitled, capable, healthy); a router picks among them and can pick nothing else::

    setup = RouterSetup(lineup.router, facts)    # facts: what each model's tokens cost, in money and energy
    router = setup.compile()
    reading = read_request(fields, Dialect.CHAT, headers=headers, wants_text=router.reads_text)
    decision = router.decide(Question(signals=reading.signals, text=reading.text), {"nano", "regular"})
    decision.model, decision.reason    # "regular", "rule: holds code"
    explain(setup, question=…, candidates={"nano", "regular"}).changes
"""
