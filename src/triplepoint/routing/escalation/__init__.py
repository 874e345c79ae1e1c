"""Escalation: a cheap answer is looked at before it is given, and a stronger model is asked once where it will not do.

Looking is deterministic, bounded in time and asks nobody: each check of a line-up's ``escalation`` has a file of its
own (`complete`, `answers`, `arithmetic`, `format`, `confidence`), `examine` runs those that are asked for and says
which failed. What it says holds no word of the request or of the answer, for it stands on receipts::

    asked = read_asked(request.fields, Dialect.CHAT)
    finding = examine(read_answer(body, Dialect.CHAT), asked, [Check.COMPLETE, Check.ARITHMETIC])
    finding.words     # "1 of its 3 equations did not hold"

What happens then is the gateway's: whether the stronger model may be asked, within plan, deadline and health.
"""
