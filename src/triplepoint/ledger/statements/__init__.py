"""Statements: what a customer owes for a period, line by line, such that the receipts add up to it.

An attempt belongs to the period in which it was opened, however late it ends. What still runs is listed as pending, and the
statement is provisional until it has ended. A statement is never kept: it is made of receipts, of entries that are only added
to, and of what ``plans.yaml`` said at the time; so made again it is the same, with the same digest, unless something was added
to its period meanwhile.

Every line keeps its exact amount and is rounded once, half to even, to cents; the total is the sum of rounded lines, so that a
reader can add it up::

    statement = installation.statements.make(actor, "acme", "2026-11")
    statement.totals.due_usd  # "23.41"
"""
