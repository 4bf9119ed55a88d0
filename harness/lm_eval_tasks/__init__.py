"""Our tasks under plain lm-eval.

::

    lm-eval --include_path "$(polyarena tasks path)" --tasks polyarena_cldr_names_swh_Latn ...
"""

from polyarena.harness.lm_eval_tasks.folder import default_folder, task_name, write_folder

__all__ = ["default_folder", "task_name", "write_folder"]
