"""Model types of lm-eval: found by name, described without loading, and called through lm-eval's classes.

Called by :mod:`polyarena.harness.models.registry`. Nothing here imports a backend before its model is loaded.
"""
