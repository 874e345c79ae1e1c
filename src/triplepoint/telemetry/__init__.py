"""What can be seen of a running system: metrics, traces, logs, status. Never prompts, keys or secrets."""
