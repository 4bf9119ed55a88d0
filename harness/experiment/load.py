"""Loads the experiment file; every error names the file, the line and the fix."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from polyarena.harness.endpoints import EndpointSettings, Prices
from polyarena.harness.experiment.credentials import refuse_credentials, refuse_credentials_in_text
from polyarena.harness.experiment.file_kinds import refuse_other_kind
from polyarena.harness.experiment.groups import refuse_groups
from polyarena.harness.experiment.opponents import refuse_opponents, refuse_shared_folders
from polyarena.harness.experiment.panels import refuse_panels
from polyarena.harness.experiment.positions import parse_yaml
from polyarena.harness.experiment.problems import Problems
from polyarena.harness.experiment.schema import Experiment, SuiteSpec, TaskSpec
from polyarena.harness.experiment.seed_groups import refuse_seed_groups
from polyarena.harness.experiment.strict import RENAMED_KEYS, UnknownKey
from polyarena.harness.experiment.text_file import read_text
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.suggest import closest, unknown


def load_experiment(source: str | Path | Mapping[str, Any]) -> Experiment:
    """Read an experiment from a YAML file, or from a mapping with the same keys.

    Raises:
        ExperimentError: The file is missing or not YAML, a key is unknown or missing, a value has the wrong type, a
            name appears twice, or the baseline is not among the systems.
    """
    if isinstance(source, Mapping):
        return _validated(dict(source), {}, None)
    path = Path(source)
    return _validated(*read_mapping(path, "experiment", "examples/quickstart.yaml"), path)


def read_mapping(path: Path, kind: str, example: str) -> tuple[dict[str, Any], Mapping[tuple[str | int, ...], int]]:
    """Return the content of a YAML file that a user writes, and the line of each part.

    Args:
        path: The file.
        kind: What it is, for messages: ``experiment`` or ``pipeline``.
        example: A file to start from.

    Raises:
        ExperimentError: The file is missing, not YAML, no mapping or of another kind, or contains credentials.
    """
    text = read_text(path, kind)
    refuse_credentials_in_text(text, str(path))
    data, lines = parse_yaml(text, str(path))
    if not isinstance(data, dict):
        raise ExperimentError(f"the {kind} file is not a mapping", where=path, fix=f"start from {example}")
    refuse_other_kind(data, kind, path)
    return data, lines


def _validated(data: dict[str, Any], lines: Mapping[tuple[str | int, ...], int], path: Path | None) -> Experiment:
    try:
        experiment = Experiment.model_validate(data)
    except ValidationError as error:
        raise explain_validation(error, lines, path) from None
    experiment._path = path
    experiment._lines = lines
    problems = Problems()
    checks = (
        _refuse_credentials, _refuse_double_names, _refuse_unknown_baseline, refuse_opponents, refuse_shared_folders,
        refuse_panels, refuse_groups, refuse_seed_groups,
    )  # fmt: skip
    for check in checks:
        problems.attempt(check, experiment)
    problems.raise_all()
    return experiment


def _refuse_unknown_baseline(experiment: Experiment) -> None:
    names = [system.name for system in experiment.systems]
    if experiment.baseline is not None and experiment.baseline not in names:
        raise unknown("system", experiment.baseline, names, where=experiment.where("baseline"))


def _refuse_credentials(experiment: Experiment) -> None:
    """Refuse credentials in any part of the file: all of it is copied into the run folder."""
    for kind, parts in (("systems", experiment.systems), ("judges", experiment.judges)):
        for index, part in enumerate(parts):
            for key, value in part.model_dump(mode="json").items():
                refuse_credentials(value, experiment.where(kind, index, key), key)
    others = experiment.model_dump(mode="json", exclude={"systems", "judges"})
    for key, value in others.items():
        refuse_credentials(value, experiment.where(key), key)


def _refuse_double_names(experiment: Experiment) -> None:
    for part, names in (
        ("systems", [system.name for system in experiment.systems]),
        ("judges", [judge.name for judge in experiment.judges]),
        ("tasks", [_entry(each) for each in experiment.tasks]),
    ):
        # Names become folders, and some file systems ignore letter case.
        folded = [name.casefold() for name in names]
        for index, name in enumerate(folded):
            if name in folded[:index]:
                raise ExperimentError(
                    f"{names[index]!r} appears twice under {part}",
                    where=experiment.where(part, index),
                    fix="give each its own name" if part != "tasks" else "list each task once",
                )


def _entry(entry: TaskSpec | SuiteSpec) -> str:
    """Return the name under which an entry of ``tasks`` must be unique: the task with its templates, or the suite."""
    name = entry.task if isinstance(entry, TaskSpec) else f"suite {entry.suite}"
    templates = (entry.templates,) if isinstance(entry.templates, str) else entry.templates or ()
    return ".".join((name, *templates))


def explain_validation(
    error: ValidationError, lines: Mapping[tuple[str | int, ...], int], path: Path | None
) -> ExperimentError:
    """Return every error in a file of settings, each with its line and fix.

    Args:
        error: pydantic's error, from a model of :mod:`polyarena.harness.experiment.schema` or a similar one.
        lines: The line of each place, from :func:`polyarena.harness.experiment.positions.parse_yaml`.
        path: The file; ``None`` for a mapping.
    """
    details = error.errors(include_url=False)
    meant = {place for detail in details for place in _meant_keys(detail)}
    placed: dict[tuple[Any, ...], list[Any]] = {}
    for detail in details:
        # A key that is only misspelt is not missing as well.
        if detail["type"] != "missing" or detail["loc"] not in meant:
            placed.setdefault(_location(detail["loc"]), []).append(detail)
    # A list whose elements are wrong is also reported as too short, and as no text; only the elements help.
    inner = [place for place in placed if not any(_within(other, place) for other in placed)]
    first, *rest = [_message(place, placed[place], lines, path) for place in inner]
    return ExperimentError(first.what, where=first.where, fix=first.fix, also=rest)


def _meant_keys(detail: Any) -> list[tuple[Any, ...]]:
    """Return the place of the key that a misspelt one stands for; nothing of another error."""
    *mapping, key = detail["loc"] or ("",)
    known = detail["input"].known if isinstance(detail["input"], UnknownKey) else ()
    return [(*mapping, near) for near in closest(str(key), known)[:1]]


_PLAIN = {
    "tuple_type": ("expected a list", "put it in [brackets], or write one element per line after a hyphen"),
    "bool_type": ("expected true or false", "write `true` or `false` without quotes"),
    "bool_parsing": ("expected true or false", "write `true` or `false` without quotes"),
    "string_type": ("expected text", "put it in quotes"),
    "model_type": ("expected a mapping", "write `key: value`, one per line"),
    "model_attributes_type": ("expected a mapping", "write `key: value`, one per line"),
    "dict_type": ("expected a mapping", "write `key: value`, one per line"),
    "task_and_suite": ("this entry names both a task and a suite", "split it into two entries"),
    "no_stage_type": ("this stage has no type", "give it `type: sft`, or another type of docs/training.md"),
    "no_task": ("this entry names no task", "give it `task: NAME` or `suite: NAME`"),
}
"""pydantic's error types of a value, each with our message and fix."""
_NUMBERS = {
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "decimal_parsing": "a number",
    "decimal_type": "a number",
}
"""pydantic's error types of numbers, and what is expected."""
ONE_OF = ("literal_error", "enum", "one_of")
"""Error types of a value that is none of a few; the last is ours."""
LONGEST_SHOWN = 30
"""Characters of a text that a message about it repeats."""
_OF_A_KEY = {
    "no_prices": ("budget", "give `prices: {input: ..., output: ...}`, per million tokens, or leave the budget out"),
    "two_currencies": ("budget", "give all prices in one currency, or each judge its own budget"),
    "no_end_mark": ("end", "set `end`, such as `end: </think>`"),
    "marks_and_off": ("detection", "leave `detection: off` out, or the marks"),
    "own_prompts_source": ("path", "write `path: FILE` or `dataset: OWNER/NAME`"),
    "greedy_samples": ("samples", "set `temperature` under `sampling` above 0, or leave `samples` out"),
}
"""Errors about a mapping as a whole: the key that causes the error, and the fix."""


def _within(inner: tuple[Any, ...], outer: tuple[Any, ...]) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _location(loc: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the place in the file: pydantic's location without the names of the types that it tried."""
    own_prompts = len(loc) > 3 and loc[0] == "tasks" and loc[3] == "prompts"
    loc = (*loc[:3], "task", *loc[4:]) if own_prompts else loc
    return tuple(
        part
        for part in loc
        if part not in ("str", "bool", "[key]")
        # Tags of our own unions are in brackets.
        and not str(part).startswith(("(", "function-", "tuple[", "constrained-", "literal[", "tagged-union["))
    )


def _message(
    location: tuple[Any, ...], details: list[Any], lines: Mapping[tuple[str | int, ...], int], path: Path | None
) -> ExperimentError:
    """Return the error about one place, whose value may match none of several possible types."""
    detail = details[0]
    if detail["type"] == "unknown_value":
        return _placed(*_unknown_value(detail["ctx"]), (*location, detail["ctx"]["key"]), lines, path)
    context = detail.get("ctx", {})
    what, fix = detail["msg"].removeprefix("Value error, "), ""
    if len(details) > 1 and all(each["type"] in _PLAIN for each in details):
        wanted = [_PLAIN[each["type"]][0].removeprefix("expected ") for each in details]
        what = f"expected {' or '.join(dict.fromkeys(wanted))}"
        fix = "; or ".join(dict.fromkeys(_PLAIN[each["type"]][1] for each in details))
    elif detail["type"] == "unknown_key":
        key, known = context["key"], context["known"]
        location = (*location, key)
        what, fix = _unknown_key(key, known)
    elif detail["type"] == "extra_forbidden":
        given = detail["input"]
        others = Prices.model_fields if "prices" in location[:-1] else EndpointSettings.model_fields
        what, fix = _unknown_key(str(location[-1]), given.known if isinstance(given, UnknownKey) else others)
    elif detail["type"] == "missing":
        what = f"the key {location[-1]!r} is missing"
    elif detail["type"] == "string_pattern_mismatch" and location[-1] == "name":
        what = f"{detail['input']!r} is not a valid folder name"
        fix = "use a-z, A-Z, 0-9, '.', '_' and '-', starting with a letter or digit"
    elif detail["type"] == "too_short":
        least = context["min_length"]
        what = f"expected at least {least} elements" if least > 1 else "expected at least one element"
    elif detail["type"] in _PLAIN:
        what, fix = _PLAIN[detail["type"]]
    elif detail["type"] in _OF_A_KEY:
        key, fix = _OF_A_KEY[detail["type"]]
        location = (*location, key)
    else:
        what, fix = _of_a_value(detail, what)
    return _placed(what, fix, location, lines, path)


def _placed(
    what: str, fix: str, location: tuple[Any, ...], lines: Mapping[tuple[str | int, ...], int], path: Path | None
) -> ExperimentError:
    probe = location
    while probe and probe not in lines:
        probe = probe[:-1]
    dotted = ".".join(str(part) for part in location)
    where = f"{path}:{lines.get(probe, 1)}" + (f" ({dotted})" if dotted else "") if path else dotted
    return ExperimentError(what, where=where, fix=fix)


def _of_a_value(detail: Any, what: str) -> tuple[str, str]:
    """Return the message about a value that is of another type, out of range or none of a few, and the fix."""
    value = detail["input"]
    if detail["type"] in ONE_OF:
        return _one_of(value, re.findall(r"'([^']*)'", detail["ctx"]["expected"]))
    if detail["type"] in _NUMBERS:
        return f"expected {_NUMBERS[detail['type']]}{_got(value)}", ""
    bounds = what.removeprefix("Input should be ")
    if bounds == what:
        return what, ""
    return f"expected {'' if bounds.startswith(('a ', 'an ')) else 'a value '}{bounds}{_got(value)}", ""


def _one_of(value: object, known: list[str]) -> tuple[str, str]:
    """Return the message about a value that is none of a few, and the fix."""
    near = closest(value, known) if isinstance(value, str) else []
    listed = f"use one of: {', '.join(known)}" if len(known) > 1 else f"write {known[0]!r}"
    fix = f"did you mean {near[0]!r}?" if near else listed
    return f"unknown value{_got(value).removeprefix(', and got')}", fix


def _got(value: object) -> str:
    """Return the end of a message that shows a short value."""
    short = isinstance(value, int | float) or (isinstance(value, str) and len(value) <= LONGEST_SHOWN)
    return f", and got {value!r}" if short else ""


def _unknown_value(context: Mapping[str, Any]) -> tuple[str, str]:
    """Return the message about a value that is none of the known ones, and the fix."""
    near = closest(context["value"], context["known"])
    fix = f"did you mean {near[0]!r}?" if near else "use one of: " + ", ".join(context["known"])
    return f"unknown {context['kind']} {context['value']!r}", fix


def _unknown_key(key: str, known: Collection[str]) -> tuple[str, str]:
    """Return the message about a key that does not exist, and the fix."""
    if RENAMED_KEYS.get(key) in known:
        return f"the key {key!r} was renamed to {RENAMED_KEYS[key]!r}", f"write `{RENAMED_KEYS[key]}:` instead"
    near = closest(key, known)
    return f"unknown key {key!r}", f"did you mean {near[0]!r}?" if near else "use one of: " + ", ".join(known)
