"""Every model type of lm-eval as one of ours: found by name, described without loading, asked through its own classes.

Called by :mod:`polyarena.harness.models.registry`. Nothing here imports a backend before its model is loaded.
"""
