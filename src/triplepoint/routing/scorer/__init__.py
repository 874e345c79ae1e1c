"""The learnt scorer: what to expect of each model on a request, read off one table.

`terms` turns a text into its distinct words, pairs of neighbours and surface marks; `tables` holds one row of weights for each
of them; `table` adds up the rows that a text has, on top of the means of the request's group, and corrects the sum by what was
measured; `file` keeps it all as a ``.safetensors`` file, in which nothing can run; `card` is what the file says of itself::

    scorer = load_scorer(Path("routers/family.safetensors").read_bytes(), names={"nano": "mixtral-8x7b"})
    scores = scorer.score(Question(signals=signals, text="Find the degree of the extension Q(sqrt(2)) over Q."))
    scores.estimates["nano"].quality    # 0.41

Text unlike anything learnt has no signal: then the means of the group stand, and where there is no group, those of all.
Training is offline, in `triplepoint.routing.training`; nothing here needs more than numpy.
"""
