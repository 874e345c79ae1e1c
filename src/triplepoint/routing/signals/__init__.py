"""Signals: facts of a request that a router goes by, read before anything is sent.

`read` is the one entry point; each signal has a file of its own.
"""
