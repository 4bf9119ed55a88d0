"""The pipeline file and what becomes of it: its schema, the order of stages, their keys, folders and progress.

Called by ``polyarena train``, by the model type ``stage`` and by reward judges that name a stage. Nothing here imports
torch: a stage's work is done by the module that its type names (:mod:`~polyarena.harness.stages.pipeline.work`).
"""
