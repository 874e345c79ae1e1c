"""Schema revisions, oldest first: NNNN_what_changed.py."""
