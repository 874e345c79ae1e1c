"""Triplepoint: the control plane and gateway for a family of language models."""

__version__ = "0.1.0"
