"""lm-eval's command line with the model ``hf-tree``.

``python -m polyarena.harness.models.hf_tree run --model hf-tree --model_args pretrained=NAME --tasks TASK``, for people
who want the engine alone, with lm-eval's own tasks and results. All arguments are lm-eval's.
"""

from __future__ import annotations

from lm_eval.__main__ import cli_evaluate

from polyarena.harness.models.hf_tree import lm

if __name__ == "__main__":
    # lm-eval finds the model by the name under which this import has registered it.
    assert lm.NAME
    cli_evaluate()
