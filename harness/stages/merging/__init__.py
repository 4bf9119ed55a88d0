"""Merges checkpoints of one architecture, tensor by tensor.

:mod:`~polyarena.harness.stages.merging.merge` reads the checkpoints, checks that they can be merged
(:mod:`~polyarena.harness.stages.merging.checks`), applies a method
(:mod:`~polyarena.harness.stages.merging.methods`) and writes the result; at no time are more than the tensors of one
name in memory. Checkpoints within a run are listed by :mod:`~polyarena.harness.stages.merging.run_checkpoints`, and
:mod:`~polyarena.harness.stages.merging.weight_search` finds weights on a development suite. Called by the stage
``merge``. It never trains and never evaluates: a score is a function that the caller passes in.
"""

from polyarena.harness.stages.merging.settings import MergeMethod, MergeSettings

__all__ = ["MergeMethod", "MergeSettings"]
