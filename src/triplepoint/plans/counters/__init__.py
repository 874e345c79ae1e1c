"""What is used and what is held, counted atomically: the one place where a limit is kept.

Before an attempt is sent, `Counters.reserve` holds the worst case on every limit that applies, in one step: all of them have
room, or nothing changes. Afterwards `Counters.settle` puts the truth in the place of what was held. What nobody settles,
because its process died, expires, and its least (`Claim.if_lost`) counts as used.

Everything of one customer is one *account*, and no step looks at two: in process that is a dictionary, in Valkey one hash slot.
Amounts are whole numbers in the smallest unit of their kind (`plans.amounts`), so nothing here rounds.

Two adapters keep the same promises, and the same property tests hold them to it: `memory` (one process, rebuilt from the
ledger) and `valkey` (many).
"""
