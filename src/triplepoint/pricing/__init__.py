"""The price book: what a million tokens cost, since when, according to whom.

Files in ``prices/`` are dated and append-only: a new price is a new row with a later ``since``, so the cost of an old request
can be worked out again at any time. A model without a price cannot be in a line-up: unknown is never zero.
"""
