"""Line-ups: which models are on offer, under which names, run by which upstreams at which prices.

A line-up is one dated, immutable, content-hashed revision. Everything that a request can be served by is in it, and every
answer carries its hash, so "what was live then?" always has one answer::

    lineup: embedded
    models:
      nano:
        context_tokens: 8192
        upstreams:
          - {upstream: nano, model: smollm2-135m-instruct, price: local/smollm2-135m-instruct}
    aliases: {small: nano}
    router: {kind: rules, default: nano}
"""
