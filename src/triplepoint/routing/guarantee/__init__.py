"""The guarantee: at most so many requests go to a model that fails where the strongest had not, and live audits watch it.

`calibrate` works out, from requests whose answers were judged, up to which risk a weaker model may serve; `model` is the
certificate that says so and that travels in the scorer's file; a policy asks it on each request::

    kept = certificates.promised(misroute=0.05, confidence=0.95)
    certificate = kept.find("large", "maths")      # None: send it to the strongest
    certificate is not None and certificate.allows("mini", risk(large.quality, mini.quality))
"""
