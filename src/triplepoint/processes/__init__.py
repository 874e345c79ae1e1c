"""What runs: the gateway process, the control-plane process, and ``triplepoint up``, which starts and watches both.

Each process is assembled here from the rooms and the stores that `app` opens; nothing else in the tree starts a server.
"""
