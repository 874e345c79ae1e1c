"""What a family of models takes and yields: energy and carbon of a request, margins of plans.

**Energy.** Nobody reads a meter for one request: it shares its accelerators with others, and most upstreams are somebody
else's. So each receipt says a median, an interval that should hold the truth nine times in ten, and a grade: *measured* (a
counter of ours, shared out among the requests of a window), *tabled* (the model was measured on this accelerator by a public
benchmark) or *modelled* (worked out from what is known of model and machine, with a wide interval where little is). What
nobody counted has no energy: it is unknown, never zero.

    meter = Meter(configuration.settings)
    row = meter(row)                                          # in the drain: a row of the ledger, with its energy
    meter.profile("vllm", "llama-70b").energy_nwh(usage)      # in the gateway: what a quota is charged

A `Profile` is worked out once for a model at an upstream (`profile.py`, from `tabled.py`, `decode.py`, `hardware.py`,
`carbon.py`); a receipt then takes a few multiplications.

**Money.** `margin.py` adds up what plans earn and cost; `plan_simulation.py` says what a plan would.
"""
