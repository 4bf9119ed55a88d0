"""The contents of the page, from the lock and the records of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

from polyarena.harness.experiment import SystemSpec
from polyarena.harness.lock import Lock, LockedSampling
from polyarena.harness.lock.imported_judges import IMPORTED, stored_systems
from polyarena.harness.planning.judges import same_family_warning
from polyarena.harness.reporting.cached_answers import cached_answer_notes
from polyarena.harness.reporting.imported_names import names_in_files
from polyarena.harness.reporting.judge_cards import judge_infos
from polyarena.harness.reporting.licences import run_licences
from polyarena.harness.reporting.omissions import incomplete, omission_sentences, some
from polyarena.harness.reporting.run_notes import RunNotes, run_notes
from polyarena.harness.reporting.run_statistics import run_statistics
from polyarena.harness.results import RunRecords
from polyarena.reports.missing_answers import count_missing, missing_warnings
from polyarena.reports.page import (
    Figure,
    OffTargetByLanguage,
    PageContent,
    Reproduction,
    SystemInfo,
    Table,
    TaskInfo,
    off_target_counts,
)
from polyarena.reports.page.support_matrix import has_gaps, support_matrix
from polyarena.tasks.languages import find_language

if TYPE_CHECKING:
    import pandas as pd

    from polyarena.reports.judge_card.card import JudgeCard


def page_content(
    records: RunRecords,
    estimates: pd.DataFrame,
    figures: Sequence[Figure],
    files: Sequence[str],
    completions: pd.DataFrame,
    tables: Sequence[Table] = (),
    answers: Sequence[OffTargetByLanguage] = (),
    notes: Sequence[str] = (),
    rankings: Mapping[tuple[str, str], pd.DataFrame] | None = None,
    language_tables: Sequence[Table] = (),
    costs: Table | None = None,
    cards: Mapping[str, JudgeCard] | None = None,
    found: RunNotes | None = None,
    items: str = "",
) -> PageContent:
    """Gather everything that the page shows.

    Args:
        records: Of the run.
        estimates: Its estimates.
        figures: In the order shown.
        files: Results to link to, relative to the page.
        completions: From :meth:`polyarena.harness.results.RunRecords.answers`.
        tables: Further results.
        answers: How many answers came in which language, by language.
        notes: What else must be known; comes last.
        rankings: Ranks over all languages by judge and task.
        language_tables: On the languages of answers and thoughts.
        costs: What was asked and paid.
        cards: Of judges, by name.
        found: What reading all games and answers shows; by default it is found here.
        items: The item browser, relative to the page.
    """
    lock, found = records.lock, found or run_notes(records)
    statistics = run_statistics(lock).bootstrap
    names = names_in_files(records)
    return PageContent(
        title=lock.experiment.name,
        version=version("polyarena"),
        systems=tuple(_system_info(lock, each, names.get(each.name)) for each in lock.settings.systems),
        tasks=tuple(
            TaskInfo(task.card, lock.data_digests(name), task.limit, first=task.subset == "first")
            for name, task in lock.tasks.items()
        ),
        judges=judge_infos(lock, cards or {}),
        estimates=estimates,
        figures=tuple(figures),
        answers=off_target_counts(answers),
        files=tuple(files),
        warnings=missing_warnings(count_missing(completions), stored_systems(lock)),
        notes=(
            *_notes(records, lock, found.constant_judges),
            *found.pairs,
            *cached_answer_notes(records.folder),
            *notes,
        ),
        tables=tuple(tables),
        rankings=rankings or {},
        language_tables=tuple(language_tables),
        costs=costs,
        support=support if has_gaps(support := lock_support(lock)) else None,
        licences=run_licences(lock),
        reproduction=Reproduction(_commands(lock), lock.versions, lock.experiment.digest),
        identifier=lock.identifier,
        rounds=statistics["rounds"],
        seed=statistics["seed"],
        items=items,
    )


def lock_support(lock: Lock) -> Table:
    """Return which system was asked in which language."""
    return support_matrix(
        [system.name for system in lock.settings.systems],
        {name: {language for cells in tasks.values() for language in cells} for name, tasks in lock.cells.items()},
        lock.unsupported,
    )


def _commands(lock: Lock) -> tuple[str, ...]:
    """Return what is typed to make the run again."""
    install = f"pip install polyarena=={lock.versions.get('polyarena', version('polyarena'))}"
    if lock.imported:
        return (install, "polyarena import FORMAT FILES -o RUN  # formats and files: lock.json", "polyarena report RUN")
    return (install, "polyarena run experiment.yaml")


def _system_info(lock: Lock, system: SystemSpec, name_in_files: str | None) -> SystemInfo:
    baseline = lock.settings.baseline
    role = "" if baseline is None else "baseline" if system.name == baseline else "candidate"
    args = ", ".join(f"{key} {value}" for key, value in sorted(system.args.items()))
    parts = [f"{system.model}: {args}" if args else system.model]
    if name_in_files is not None:
        parts.insert(0, f"{name_in_files} in the imported files")
    if system.group is not None:
        parts.insert(0, f"a seed of {system.group}")
    stored = lock.stored_answers.get(system.name)
    if stored is None and system.model != IMPORTED:
        template = system.chat_template
        words = {True: "the model's own chat template", False: "no chat template"}
        parts.append(words[template] if isinstance(template, bool) else template)
        if system.system_prompt:
            parts.append(f"system prompt “{system.system_prompt}”")
    elif stored:
        told = ", ".join(f"{key} {value}" for key, value in sorted(stored.items()))
        parts.append(f"answers generated elsewhere, as their folder says: {told}")
    else:
        parts.append("answers generated elsewhere; prompt, chat template and sampling are unknown")
    parts += [
        f"{name}: {_sampling(task.sampling[system.name])}"
        for name, task in sorted(lock.tasks.items())
        if system.name in task.sampling
    ]
    told = ", ".join(f"{key} {value}" for key, value in sorted(lock.models.get(system.name, {}).items()))
    return SystemInfo(system.name, role, "; ".join([*parts, *([f"loaded: {told}"] if told else [])]))


def _sampling(sampling: LockedSampling) -> str:
    settings = sampling.settings
    how = "greedy" if settings.temperature == 0 else f"temperature {settings.temperature:g}"
    if settings.temperature and settings.top_p < 1:
        how += f", top-p {settings.top_p:g}"
    if sampling.samples > 1:
        how += f", {sampling.samples} samples"
    return f"{how}, at most {settings.max_tokens} tokens"


def _notes(records: RunRecords, lock: Lock, constant: Mapping[str, str]) -> list[str]:
    notes = [
        same_family_warning(judge, system, makers)
        for judge, entry in sorted(lock.judges.items())
        for system, makers in sorted(entry.relatives.items())
    ]
    notes += [
        f"The judge {judge} nearly always returned the same verdict ({what}), so its win rates carry little "
        "information. See its card (polyarena judge audit)."
        for judge, what in constant.items()
    ]
    missing = records.missing()
    if missing:
        notes.append(incomplete(missing))
    unsupported: dict[str, list[str]] = {}
    for system, code in lock.unsupported:
        unsupported.setdefault(system, []).append(find_language(code).name)
    notes += [
        f"{group} is the mean of {len(members)} training seeds ({', '.join(members)}). Its intervals and comparisons "
        "have the variation between seeds and that of items; ranks, equity and averages of suites have that of items "
        "alone."
        for group, members in lock.seed_groups.items()
    ]
    notes += [
        f"Skipped for {system}: {some(names)} (not in its `languages`)."
        for system, names in sorted(unsupported.items())
    ]
    return [*notes, *omission_sentences(lock)]
