"""Signals: facts of one request that a router goes by, read before anything is sent.

Each has a file of its own, named after it, whose docstring says what it means and where it errs; `read` is the one entry point,
and reads them all in one pass::

    reading = read_request(fields, Dialect.CHAT, headers=headers, tags=tags, wants_text=router.reads_text)
    reading.signals.code, reading.signals.language    # True, "de"
    reading.text                                      # the words of the last three turns

They are facts, not judgements: what is found in the words, the structure, the headers. What they hold is logged with the
decision, so none of them holds words of the request. `turns` says which words are looked at, `words` how they are looked up.
"""
