"""What the page says of a run, taken from its lock file."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from polyarena.harness.planning.judges import same_family_warning
from polyarena.harness.reporting.constant_judges import constant_judges
from polyarena.harness.reporting.locked import incomplete, left_out, some
from polyarena.harness.results import RunRecords
from polyarena.reports.page import (
    Figure,
    JudgeInfo,
    OffTargetByLanguage,
    PageContent,
    SystemInfo,
    Table,
    TaskInfo,
    off_target_counts,
)
from polyarena.tasks.card import TaskCard
from polyarena.tasks.languages import find_language

if TYPE_CHECKING:
    import pandas as pd


def page_content(
    records: RunRecords,
    estimates: pd.DataFrame,
    figures: Sequence[Figure],
    files: Sequence[str],
    tables: Sequence[Table] = (),
    answers: Sequence[OffTargetByLanguage] = (),
    notes: Sequence[str] = (),
) -> PageContent:
    """Gather everything that the page shows; the answers are counted by language, and ``notes`` come last."""
    lock = records.lock
    completions = records.completions()
    return PageContent(
        title=lock["experiment"]["name"],
        version=version("polyarena"),
        systems=tuple(_system_info(lock, system) for system in lock["experiment"]["resolved"]["systems"]),
        tasks=tuple(_task_info(lock, task) for task in lock["tasks"].values()),
        judges=tuple(
            JudgeInfo(name, judge["description"], judge["signature"]) for name, judge in sorted(lock["judges"].items())
        ),
        estimates=estimates,
        figures=tuple(figures),
        answers=off_target_counts(answers),
        files=tuple(files),
        notes=(*_notes(records, lock), *_pairs(records, completions), *notes),
        tables=tuple(tables),
    )


def _system_info(lock: dict[str, Any], system: dict[str, Any]) -> SystemInfo:
    name, baseline = system["name"], lock["experiment"]["resolved"]["baseline"]
    role = "" if baseline is None else "baseline" if name == baseline else "candidate"
    args = ", ".join(f"{key} {value}" for key, value in sorted(system["args"].items()))
    template = system["chat_template"]
    parts = [
        f"{system['model']}: {args}" if args else system["model"],
        "the model's own chat template" if template is True else "no chat template" if template is False else template,
    ]
    if system["system_prompt"]:
        parts.append(f"system prompt “{system['system_prompt']}”")
    sampling = [
        f"{task}: {_sampling(entry['sampling'][name])}"
        for task, entry in sorted(lock["tasks"].items())
        if entry["sampling"].get(name)
    ]
    loaded = lock["models"].get(name, {})
    told = ", ".join(f"{key} {value}" for key, value in sorted(loaded.items()))
    return SystemInfo(name, role, "; ".join([*parts, *sampling, *([f"loaded: {told}"] if told else [])]))


def _sampling(sampling: dict[str, Any]) -> str:
    how = "greedy" if sampling["temperature"] == 0 else f"temperature {sampling['temperature']:g}"
    if sampling["temperature"] and sampling["top_p"] < 1:
        how += f", top-p {sampling['top_p']:g}"
    if sampling["samples"] > 1:
        how += f", {sampling['samples']} samples"
    return f"{how}, at most {sampling['max_tokens']} tokens"


def _task_info(lock: dict[str, Any], entry: dict[str, Any]) -> TaskInfo:
    card = TaskCard.model_validate(entry["card"])
    prefix = f"{card.dataset.id}@{card.dataset.revision}/"
    digests = {name: digest for name, digest in lock["data"].items() if name.startswith(prefix)}
    # Runs from before limits were spread say nothing of it.
    return TaskInfo(card, digests, entry["limit"], first=entry.get("subset", "first") == "first")


def _notes(records: RunRecords, lock: dict[str, Any]) -> list[str]:
    notes = [
        same_family_warning(judge, system, makers)
        for judge, entry in sorted(lock["judges"].items())
        for system, makers in sorted(entry.get("relatives", {}).items())
    ]
    notes += [
        f"The judge {judge} says nearly always the same ({what}): win rates by it say little about the answers. Its "
        "card (polyarena judge audit) says more."
        for judge, what in constant_judges(records).items()
    ]
    missing = records.missing()
    if missing:
        notes.append(incomplete(missing))
    unsupported: dict[str, list[str]] = {}
    for system, code in lock["unsupported"]:
        unsupported.setdefault(system, []).append(find_language(code).name)
    notes += [
        f"{system} does not claim {some(names)}; such languages are neither asked nor averaged."
        for system, names in sorted(unsupported.items())
    ]
    return [*notes, *left_out(lock)]


def _pairs(records: RunRecords, completions: pd.DataFrame) -> list[str]:
    """Say of compared systems which answers have no counterpart, and whether all answers are the same.

    A judge never sees answers without a counterpart. Two systems that answer all alike may be one under two names.
    """
    key = ["language", "item_id", "sample_index"]
    given: dict[Any, dict[tuple[Any, ...], str]] = {
        name: dict(zip(map(tuple, part[key].to_numpy().tolist()), part["text"], strict=True))
        for name, part in completions.groupby(["system", "task"])
    }
    notes = []
    for candidate, baseline, task in sorted({pair[1:4] for pair in records.pairs()}):
        one, other = given.get((candidate, task), {}), given.get((baseline, task), {})
        languages = {answer[0] for answer in one} & {answer[0] for answer in other}
        alone = sum(answer[0] in languages for answer in one.keys() ^ other.keys())
        if alone:
            notes.append(
                f"{alone} answers of {candidate} or {baseline} to {task} have no counterpart and are not judged."
            )
        both = one.keys() & other.keys()
        if both and all(one[answer] == other[answer] for answer in both):
            notes.append(
                f"{candidate} and {baseline} gave the very same answers to {task}, {len(both)} of them; they may be "
                "one system under two names."
            )
    return notes
