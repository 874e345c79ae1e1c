"""Who may do what: customers and their keys on the data plane, operators and their roles on the control plane.

A key is shown once, at its making, and kept as an HMAC of the whole key under a secret of this installation; whoever reads the
database cannot call a model. Every write leaves a line in the audit log. What is not allowed is denied.
"""
