"""Usage events for billing systems: one CloudEvent for each attempt that has ended, and a pusher that delivers them.

An event's id is made of its receipt and attempt. Together with ``source`` it is unique for ever, so whoever gets an event twice
knows it, and delivery can be at least once: the pusher keeps its place (`ledger.tables.CURSORS`) after the receiver has said
that it has a batch, and after a crash begins there again.

What the pusher follows are endings, numbered in the order in which the ledger learnt of them (`ledger.tables.ENDINGS`). So an
attempt that ends late, comes late, or is settled after its process died is delivered once, when it ends.
"""
