"""``polyarena tasks path``."""

from __future__ import annotations


def command() -> int:
    """Write a folder of task files, with which lm-eval can run polyarena's tasks, and print its path.

    lm-eval --include_path "$(polyarena tasks path)" --tasks polyarena_cldr_names_swh_Latn
    """
    from polyarena.harness.cli.output import print_lines
    from polyarena.harness.lm_eval_tasks import default_folder, write_folder
    from polyarena.tasks.registry import installed_tasks

    print_lines(str(write_folder(installed_tasks()[0], default_folder())))
    return 0
