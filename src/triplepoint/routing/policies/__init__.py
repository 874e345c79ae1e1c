"""Policies: how a router chooses among the candidates. One file each, and what several share beside them.

`fixed`, `rules`, `threshold` and `learned` are the kinds of a line-up file; `compile` turns one into something that decides.
Three things are the same for all of them:

- Only candidates are chosen (`ordered`): no path returns a model outside them, and without any there is an error.
- A tool loop stays at its model while that is a candidate (`staying`): half a plan of tool calls is no start for another.
- A declared share is left to chance (`exploration`), with the exact probability of what was chosen.

What weighs candidates, `threshold` and `learned`, shares `weighing` (what is expected of each), `domination` (who is never
chosen) and, for `learned`, `thrift` (what an answer is worth) and `promise` (whom a certificate lets take the place of the
strongest).
"""
