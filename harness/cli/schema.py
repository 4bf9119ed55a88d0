"""``polyarena schema``."""

from __future__ import annotations


def command() -> int:
    """Print the JSON Schema of the experiment file, for editors and other programs."""
    from polyarena.harness.cli.output import print_json
    from polyarena.harness.experiment import Experiment

    print_json(Experiment.model_json_schema())
    return 0
