"""The servers that run models, and how to talk to them.

`transport` moves bytes (HTTP/1.1, pooled, strict). `dialects` know what the bytes mean: OpenAI chat completions is the hub,
and Anthropic messages and OpenAI responses are translated to and from it. `local` runs llama.cpp as processes of ours;
`simulated` is a scripted server for tests and rehearsals. Both of them listen on loopback, so every model, real or
simulated, is reached by the same path.
"""
