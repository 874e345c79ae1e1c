"""Tools for models that cannot parse their own tool calls: the choice of a tool as a JSON schema.

Measured on the embedded family: its native tool format gave no parsed call on any model, while the same tools as a schema,
one of ``{name, arguments}``, gave valid JSON each time and the right call in most cases. So a chat request with tools becomes
one without: a schema over the tools that may be called (and ``{reply}`` where the model may also just answer), a note in the
system message that lists them, and earlier calls and results as plain text. The answer is read back into a call with an id,
or into text.

One answer holds one call. A stream is collected to its end, because only then is it known what it is. This leg stands between
chat and chat, so callers of all dialects get it.
"""
