"""Model types of systems: those of lm-eval, polyarena's endpoint client, stored completions, and plugins.

A model type is found by name (:func:`find_model_type`), refuses bad arguments before anything is spent, says what of it
changes an answer, and is loaded once per system.
"""

from polyarena.harness.models.registry import find_model_type, model_names

__all__ = ["find_model_type", "model_names"]
