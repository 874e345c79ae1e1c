"""What is sold: plans, what they entitle to, how much of it, and what happens when it is used up.

What plans there are stands in ``plans.yaml`` (`model.PlansFile`); who is on which, with which other limits and which credit,
in the database, beside customers. Two halves use it:

- The *gateway* compiles both into `terms.Terms` for each key, claims the worst case of a request on every limit at once
  (`counters`), and settles the truth afterwards.
- The *office* (`service.PlansService`, for commands and admin API) assigns plans, overrides limits, grants and refunds. It only
  adds, in one transaction with a line in the audit log, and tells the gateway, which then asks for every `model.Holder` anew.

::

    plans.assignments.assign(actor, "acme", "plus")      # from now on; what was before stays in the history
    plans.credits.grant(actor, "acme", Decimal(25), reason="welcome", idempotency_key="order-17")
    plans.usage(actor, "acme").quotas                    # used, limit, what is left, when it begins anew
"""
