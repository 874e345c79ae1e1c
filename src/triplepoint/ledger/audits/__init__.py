"""Audits and ratings in the ledger: what came of an audit, what a customer said of an answer. Never a word of either.

An audit's own attempts, its answer's and its judge's, are rows like any others, under the account `model.ACCOUNT`, with their
cost and their energy; ``audit_of`` names the receipt that was audited. No customer's sums, quotas or statements hold them.
"""
