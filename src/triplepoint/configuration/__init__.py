"""The whole configuration of an installation, loaded at once and checked at once.

``triplepoint.yaml``, ``lineups/*.yaml`` and ``prices/*.yaml`` are read and held against their types, then against each other:
every name that one file uses must exist in another, every model must have a price, every secret of a running upstream must be
in the environment. Either everything fits and there is one immutable `model.Configuration`, or there is one error with every
problem of every file, and what ran before keeps running::

    configuration = load_configuration(Path("."), os.environ, date.today())
    configuration.names.resolve("small")
    configuration.active.prices["local/smollm2-135m-instruct"].cost_usd(usage)
"""
