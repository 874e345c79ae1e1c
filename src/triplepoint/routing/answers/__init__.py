"""What a model has answered, whichever dialect it was written in, and what can be seen in it without asking anybody.

`reading` makes a `model.Said` of a whole body or of a stream's events; `wanted` says what the request asked of the form;
`refusal`, `final`, `form` and `planned` each look at one thing: is it a refusal, which number or letter does it come to, has it
the form that was asked for, which tools would be called. Audits compare two answers by them; checks of a cheap answer may too::

    said = read_answer(body, Dialect.CHAT)
    refuses(said)              # False
    final_answer(said.text)    # Final(kind="number", value="42")
"""
