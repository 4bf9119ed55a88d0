"""``polyarena schema``."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter


def command(*, pipeline: Annotated[bool, Parameter(name="--pipeline", negative="")] = False) -> int:
    """Print the JSON Schema of the experiment file, for editors and other programs.

    Parameters
    ----------
    pipeline
        Print the schema of the pipeline file of `polyarena train` instead.
    """
    from polyarena.harness.cli.output import print_json
    from polyarena.harness.experiment import Experiment
    from polyarena.harness.stages.pipeline.schema import Pipeline

    print_json((Pipeline if pipeline else Experiment).model_json_schema())
    return 0
