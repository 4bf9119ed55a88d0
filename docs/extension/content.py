"""What pages say that only the code knows: written when the pages are built, never copied by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from extension import benchmarks, commands, coverage, experiment, records

CONTENTS: Mapping[str, Callable[..., str]] = {
    "card": benchmarks.card,
    "cldr-coverage": benchmarks.cldr_coverage,
    "commands": commands.commands,
    "coverage": coverage.matrix,
    "coverage-tasks": coverage.tasks,
    "covered": benchmarks.covered,
    "events": records.events,
    "explanation": commands.explanation,
    "faults": commands.faults,
    "judge-templates": commands.judge_templates,
    "keys": experiment.keys,
    "languages": benchmarks.languages,
    "left-out": benchmarks.left_out,
    "metrics": benchmarks.metrics,
    "model-types": commands.model_types,
    "thought-marks": commands.thought_marks,
    "notes": benchmarks.notes,
    "record": records.record,
    "speed-arguments": commands.speed_arguments,
    "protocols": coverage.protocols,
    "suites": coverage.suites,
    "tasks": benchmarks.tasks,
    "template": commands.template,
}
"""What the directive ``generated`` can insert, by name; each function returns Markdown."""
