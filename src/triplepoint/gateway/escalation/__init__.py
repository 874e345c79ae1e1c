"""Escalation on the request's path: a cheap answer of ``auto`` is held, looked at, and a stronger model asked once if need be.

`watch` says which requests are looked at, `held` keeps their answers back, `look` has them examined
(`routing.escalation`), and the `stage` decides what the caller gets: the answer as it is, or a stronger model's, within
the caller's rights, plan and patience::

    attempts ──▶ held ──▶ look ── sound ──────────────────────────▶ caller
                            └──── finding ──▶ stage ── no room ───▶ caller, with a notice
                                                └──▶ attempts ────▶ caller

A line-up without ``escalation`` passes none of it.
"""
