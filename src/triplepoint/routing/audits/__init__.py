"""Audits: a sample of what ``auto`` answered is answered again by another model, and the two answers are compared.

A decision is refuted by its answers, not by its tier. Where the model that was chosen is not the strongest that the caller may
use, the strongest (the *reference*) answers too: an *under-route* is a decision whose answer was materially worse. Where the
reference itself was chosen, the next weaker model answers too: an *over-route* is one where it would have done.

`compare` scores a pair by what can be seen in the answers (form, exact and final answers, refusals, planned calls), and where
that does not decide, `judge` puts both before a model in both orders; where these disagree, the audit stays *undecided*::

    score = compare(wanted, weaker=said, stronger=other)           # None: a judge is needed
    outcome(score, chosen_is_reference=False)                      # Outcome.UNDER_ROUTE
"""
