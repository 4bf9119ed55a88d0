"""The scoring engine: log-likelihoods of continuations by a prefix tree, with the numbers of lm-eval's ``hf``.

Texts become tokens (:mod:`~polyarena.harness.models.hf_tree.tokenization`), tokens a prefix tree
(:mod:`~polyarena.harness.models.hf_tree.tree`), the tree rows and batches
(:mod:`~polyarena.harness.models.hf_tree.packing`), and each batch one forward pass
(:mod:`~polyarena.harness.models.hf_tree.forward`). What several requests share (few-shot examples, a passage, a
question, the beginning of a choice) is computed once. The model is loaded, its prompts rendered and its texts generated
by lm-eval's own class, which :mod:`~polyarena.harness.models.hf_tree.lm` extends: rendering stays apart from scoring.

Called by :mod:`polyarena.harness.models.lm_eval.model`. It never reads a run folder and never decides what is asked.
"""
