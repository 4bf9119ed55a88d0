"""``polyarena gate schema``."""

from __future__ import annotations

from typing import Literal


def command(of: Literal["result", "file"] = "result") -> int:
    """Print the JSON Schema of the result that `gate check --json` prints, or of the gate file.

    Parameters
    ----------
    of
        result or file.
    """
    from polyarena.harness.cli.output import print_json
    from polyarena.harness.gate.gate_file import GateFile
    from polyarena.reports.gate.document import json_schema

    print_json(json_schema() if of == "result" else GateFile.model_json_schema())
    return 0
