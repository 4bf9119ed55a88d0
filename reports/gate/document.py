"""A gate's result as plain data, and its schema."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from polyarena.reports.gate.result import GateResult, Outcome
from polyarena.reports.gate.settings import Action, Level
from polyarena.reports.gate.verdict import Status, Verdict

FORMAT = 1
"""Version of the document; it rises when a field changes its meaning or goes."""


def document(result: GateResult) -> dict[str, Any]:
    """Return the answer as JSON data of :func:`json_schema`."""
    settings = result.decision.settings
    return {
        "format": FORMAT,
        "outcome": result.outcome.value,
        "headline": result.headline,
        "baseline": result.baseline,
        "candidate": result.candidate,
        "counts": result.decision.counts(),
        "settings": {
            "alpha": settings.alpha,
            "control": settings.control,
            "floor": settings.floor,
            "average_floor": settings.average_floor,
            "margin": settings.margin,
            "rounds": settings.rounds,
            "seed": settings.seed,
            "levels": {level.value: settings.action(level).value for level in Level},
        },
        "failed": [asdict(each) for each in result.failed],
        "verdicts": [asdict(each) for each in result.decision.verdicts],
        "allowed": [
            {"verdict": asdict(each.verdict), "reason": each.reason, "until": each.until} for each in result.allowed
        ],
        "missing": list(result.missing),
        "silent": dict(result.silent),
        "examples": [asdict(each) for each in result.examples],
        "informational": {
            name: {"baseline": old, "candidate": new} for name, (old, new) in result.informational.items()
        },
        "false_alarms": result.false_alarms,
        "notes": list(result.notes),
    }


_TYPES: dict[str, Any] = {
    "str": {"type": "string"},
    "str | None": {"type": ["string", "null"]},
    "float | None": {"type": ["number", "null"]},
    "int": {"type": "integer"},
    "int | None": {"type": ["integer", "null"]},
}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the document."""
    verdict = {
        "type": "object",
        "additionalProperties": False,
        "required": [each.name for each in fields(Verdict)],
        "properties": {
            **{each.name: _TYPES[str(each.type)] for each in fields(Verdict)},
            "status": {"enum": [each.value for each in Status]},
            "level": {"enum": [each.value for each in Level]},
            "action": {"enum": [each.value for each in Action]},
        },
    }
    verdicts = {"type": "array", "items": {"$ref": "#/$defs/verdict"}}
    texts = {"type": "array", "items": {"type": "string"}}
    properties: dict[str, Any] = {
        "format": {"const": FORMAT},
        "outcome": {"enum": [each.value for each in Outcome]},
        "headline": {"type": "string"},
        "baseline": {"type": "string"},
        "candidate": {"type": "string"},
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
        "settings": {"type": "object"},
        "failed": verdicts,
        "verdicts": verdicts,
        "allowed": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "verdict": {"$ref": "#/$defs/verdict"},
                    "reason": {"type": "string"},
                    "until": {"type": "string"},
                },
            },
        },
        "missing": texts,
        "silent": {"type": "object", "additionalProperties": {"type": "integer"}},
        "examples": {"type": "array", "items": {"type": "object"}},
        "informational": {"type": "object"},
        "false_alarms": {"type": ["number", "null"]},
        "notes": texts,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "polyarena gate result",
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties,
        "$defs": {"verdict": verdict},
    }
