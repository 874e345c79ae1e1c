"""Offline evaluation: how good a router is, told from answers that are there already.

`datasets` reads what each model scored on each prompt, from files of one's own or from the public sets as they are published;
nothing is sent to any model. `triplepoint route evaluate` puts the parts together::

    data = read_data(Path("data/routing/routellm_gsm8k.parquet"))
    data.models, data.scores.shape        # ("mixtral-8x7b-instruct-v0.1", "gpt-4-1106-preview"), (910, 2)

It needs ``pip install 'triplepoint[route]'``; no request's path imports it.
"""
