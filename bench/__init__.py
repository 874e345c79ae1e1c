"""How fast it is, measured beside others in the same run: ``python -m bench --help``."""
