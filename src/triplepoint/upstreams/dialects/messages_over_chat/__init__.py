"""A caller who speaks Anthropic messages, an upstream that speaks OpenAI chat completions.

The request: system blocks become the first message, tool results become ``tool`` messages before what else their turn holds,
and pictures inside them a user message after, because chat has no place for them. Thinking blocks of earlier answers stay
behind: their signatures mean something to the vendor that made them only.

The answer: reasoning, text and tool calls become blocks in this order. Two limits of the chat dialect show: which stop
sequence was hit is known only from servers that say so (vLLM), and a stream's input tokens are known only at its end, so
``message_start`` says 0 and ``message_delta`` the true count. Where an upstream reports no usage at all the caller reads 0,
because the dialect demands a number; the receipt has our estimate.
"""
