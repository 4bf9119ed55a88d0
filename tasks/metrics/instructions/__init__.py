"""Verifiable instructions: whether an answer follows them, checked by rules and without a model."""
