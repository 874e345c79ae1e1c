"""Live audits: some requests to ``auto`` are answered again by another model, off the caller's path, and compared.

`fit` says which requests can be audited and by which model, before their answer comes, so that only a request that was drawn
pays for its answer being `kept`. When that answer is complete the `auditor` takes it up, a few at a time: `asking` has the
other model (and a judge, in `judging`) answer through the same attempts as everybody's, once the worst case is held of the
`budget`. What comes of it is a record of the journal (`ledger.audits`); what was said is forgotten.

Nothing here can hurt a caller: an audit begins when its caller has everything, waits for nobody, takes no turn and no
connection that a caller could want, and is dropped, and counted, wherever it would.
"""
