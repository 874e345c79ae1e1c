"""A caller who speaks OpenAI chat completions, an upstream that speaks Anthropic messages.

The request: system and developer messages become the ``system`` blocks, in their order (a late one moves to the front, with a
notice, because only the newest models take it in place); a run of ``tool`` messages and the user message after it become one
user turn; a last assistant message is Anthropic's prefill. ``response_format`` with a schema becomes
``output_config.format``. What the vendor does not have (``seed``, ``logit_bias``, log probabilities …) is dropped with a
notice, several answers (``n``) are refused.

The answer: the three parts of the input are added up, thinking comes as ``reasoning_content``, a refusal as ``content_filter``.
"""
