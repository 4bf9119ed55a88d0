"""Post-training in stages: a pipeline file becomes checkpoints, each a system that an experiment can name.

A pipeline (:mod:`~polyarena.harness.stages.pipeline`) lists stages, each of which reads the folders of the stages that
it names as inputs and leaves one folder of its own: rows, completions, preference pairs, or a checkpoint. The stages of
Aya Expanse are bundled: mixture, data arbitrage, supervised fine-tuning, reward model, offline and online preference
training, merging.

Called by ``polyarena train`` and by the model type ``stage``. It never reads a run folder and never evaluates: what a
stage brings is measured by an experiment that names its checkpoint. Modules that import torch, trl or peft are imported
only when such a stage runs.
"""
