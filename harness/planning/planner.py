"""The plan: every cell and every pair of cells to be judged, what is stored already, what the rest will take."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from polyarena.harness.endpoints import EndpointSettings
from polyarena.harness.experiment import Experiment, load_experiment
from polyarena.harness.models.protocol import ModelContext
from polyarena.harness.planning.digest import items_digest
from polyarena.harness.planning.items import load_items
from polyarena.harness.planning.judging import ResolvedJudge, resolve_judges
from polyarena.harness.planning.keys import cell_key, games_key, samples_of, sampling_of
from polyarena.harness.planning.prompting import system_text
from polyarena.harness.planning.resolve import ResolvedSystem, ResolvedTask, resolve_systems, resolve_tasks
from polyarena.harness.planning.tokens import Range, price, text_tokens
from polyarena.harness.store import UNANSWERED, RunFolder, stored_facts
from polyarena.judges.protocol import Answer, Match
from polyarena.tasks.data import DataSource, data_root
from polyarena.tasks.item import Item, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What one part of a plan takes.

    Attributes:
        items: Number of items.
        requests: Texts to generate, choices to score, or games to judge.
        prompt_tokens: Estimated range.
        completion_tokens: Estimated range.
        price: Estimated range; ``None`` where nothing is billed or no price is known.
        billed: Whether an endpoint is asked.
        stored: Whether the outcome is in the run folder already.
    """

    items: int
    requests: int
    prompt_tokens: Range
    completion_tokens: Range
    price: Range | None
    billed: bool
    stored: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCell(Effort):
    """One (system, task, language); ``key`` is the digest of all that changes its content."""

    system: str
    task: str
    language: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedGames(Effort):
    """The games of one judge on one pair of cells; not ``stored`` while one of the two cells is not."""

    judge: str
    candidate: str
    baseline: str
    task: str
    language: str


@dataclass(frozen=True)
class Plan:
    """What an experiment asks for.

    Attributes:
        experiment: The experiment.
        folder: The run folder.
        tasks: Its tasks, resolved.
        systems: Its systems, resolved.
        judges: Its judges, resolved, without endpoints.
        cells: Every cell, in the order in which they run.
        games: Every pair of cells to be judged.
        data: Content digest of each data set read, by its name.
        data_root: The local mirror, or ``None`` for the hub.
        unsupported: (system, language) pairs that are not asked because the system does not claim the language.
    """

    experiment: Experiment
    folder: RunFolder
    tasks: tuple[ResolvedTask, ...]
    systems: tuple[ResolvedSystem, ...]
    judges: tuple[ResolvedJudge, ...]
    cells: tuple[PlannedCell, ...]
    games: tuple[PlannedGames, ...]
    data: Mapping[str, str]
    data_root: Path | None
    unsupported: tuple[tuple[str, str], ...] = field(default=())

    @property
    def parts(self) -> tuple[PlannedCell | PlannedGames, ...]:
        """Every cell and every pair of cells."""
        return (*self.cells, *self.games)

    @property
    def missing_cells(self) -> tuple[PlannedCell, ...]:
        """Cells that are not stored."""
        return tuple(cell for cell in self.cells if not cell.stored)

    def price(self) -> Range | None:
        """Return the price range of what is not stored; ``None`` if an endpoint without known prices is asked."""
        total = Range()
        for part in self.parts:
            if part.billed and not part.stored:
                if part.price is None:
                    return None
                total = total + part.price
        return total

    def task(self, name: str) -> ResolvedTask:
        """Return the resolved task of this name."""
        return next(task for task in self.tasks if task.spec.task == name)

    def system(self, name: str) -> ResolvedSystem:
        """Return the resolved system of this name."""
        return next(system for system in self.systems if system.spec.name == name)


def plan(experiment: Experiment | str | Path | Mapping[str, Any], *, output: str | Path | None = None) -> Plan:
    """Resolve an experiment and find out what is left to do; spends nothing and loads no model.

    Args:
        experiment: An experiment, its file, or a mapping with the file's keys.
        output: The run folder; the experiment's own ``output`` or ``runs/<name>`` if left out.

    Raises:
        PolyarenaError: Anything in the experiment or its data that cannot work.
    """
    if not isinstance(experiment, Experiment):
        experiment = load_experiment(experiment)
    folder = RunFolder(_output(experiment, output))
    folder.refuse_other_experiment(experiment.name)
    root = data_root(experiment.data_root, experiment.base)
    data = DataSource(root)
    context = ModelContext(base=str(experiment.base))
    tasks = resolve_tasks(experiment)
    systems = resolve_systems(experiment, tasks, context)
    judges = resolve_judges(experiment, tasks, None)
    cells: dict[tuple[int, int, int], PlannedCell] = {}
    games: list[PlannedGames] = []
    for t, task in enumerate(tasks):
        for n, language in enumerate(task.languages):
            items = load_items(task, language, data)
            row: dict[str, PlannedCell] = {}
            for s, system in enumerate(systems):
                if system.supports(language):
                    row[system.spec.name] = cells[s, t, n] = _cell(system, task, language, items, context, folder)
            if task.card.kind is Kind.OPEN_ENDED:
                games += _games(experiment, judges, task, language, items, row, folder)
    return Plan(
        experiment=experiment,
        folder=folder,
        tasks=tasks,
        systems=systems,
        judges=judges,
        # A system's cells run together, so that its model is loaded once.
        cells=tuple(cell for _, cell in sorted(cells.items())),
        games=tuple(sorted(games, key=lambda g: (g.judge, g.candidate, g.task, g.language))),
        data=dict(sorted(data.digests.items())),
        data_root=root,
        unsupported=tuple(_unsupported(systems, tasks)),
    )


def _output(experiment: Experiment, output: str | Path | None) -> Path:
    if output is not None:
        return Path(output)
    if experiment.output is not None:
        return experiment.base / experiment.output
    return Path("runs") / experiment.name


def _unsupported(systems: Sequence[ResolvedSystem], tasks: Sequence[ResolvedTask]) -> Iterator[tuple[str, str]]:
    languages = sorted({language for task in tasks for language in task.languages})
    for system in systems:
        for language in languages:
            if not system.supports(language):
                yield system.spec.name, language


def _cell(
    system: ResolvedSystem,
    task: ResolvedTask,
    language: str,
    items: Sequence[Item],
    context: ModelContext,
    folder: RunFolder,
) -> PlannedCell:
    key = cell_key(system, task, language, items, context)
    instructions = text_tokens(system_text(system.spec.system_prompt, language) or "")
    samples = samples_of(system, task)
    prompts = Range()
    for item in items:
        for choice in item.choices or ("",) * samples:
            prompts = prompts + instructions + text_tokens(item.prompt) + text_tokens(choice)
    if task.card.kind is Kind.MULTIPLE_CHOICE:
        requests, completions = sum(len(item.choices) for item in items), Range()
    else:
        requests = len(items) * samples
        completions = Range(requests, requests * sampling_of(system, task).max_tokens)
    billed = system.spec.model == "endpoint"
    prices = EndpointSettings.model_validate(system.spec.args).prices if billed else None
    return PlannedCell(
        system=system.spec.name,
        task=task.spec.task,
        language=language,
        key=key,
        items=len(items),
        requests=requests,
        prompt_tokens=prompts,
        completion_tokens=completions,
        price=price(prompts, completions, prices),
        billed=billed,
        stored=bool(stored_facts(folder.cell(system.spec.name, task.spec.task, language), key)),
    )


def _games(
    experiment: Experiment,
    judges: Sequence[ResolvedJudge],
    task: ResolvedTask,
    language: str,
    items: Sequence[Item],
    row: Mapping[str, PlannedCell],
    folder: RunFolder,
) -> Iterator[PlannedGames]:
    baseline = row.get(experiment.baseline or "")
    if baseline is None:
        return
    questions = items_digest(items)
    for judge in judges:
        for candidate in row.values():
            if candidate.system != baseline.system:
                yield _pair(judge, candidate, baseline, task, language, items, questions, folder)


def _pair(
    judge: ResolvedJudge,
    candidate: PlannedCell,
    baseline: PlannedCell,
    task: ResolvedTask,
    language: str,
    items: Sequence[Item],
    questions: str,
    folder: RunFolder,
) -> PlannedGames:
    stored = False
    if candidate.stored and baseline.stored:
        one, other = (
            stored_facts(folder.cell(cell.system, cell.task, language), cell.key)["content"]
            for cell in (candidate, baseline)
        )
        key = games_key(judge.signature, judge.spec.repeats, one, other, questions)
        path = folder.games(judge.spec.name, candidate.system, baseline.system, task.spec.task, language)
        facts = stored_facts(path, key)
        stored = bool(facts) and UNANSWERED not in facts
    orders = 2
    samples = min(cell.requests for cell in (candidate, baseline)) // len(items)
    per_item = orders * judge.spec.repeats * samples
    prompt, completion = Range(), Range()
    if judge.spec.endpoint is not None:
        prompt, completion = (part * per_item for part in _judge_tokens(judge, language, items))
        answers = candidate.completion_tokens + baseline.completion_tokens
        prompt = prompt + answers * (orders * judge.spec.repeats)
    endpoint = judge.spec.endpoint
    return PlannedGames(
        judge=judge.spec.name,
        candidate=candidate.system,
        baseline=baseline.system,
        task=task.spec.task,
        language=language,
        items=len(items),
        requests=len(items) * per_item,
        prompt_tokens=prompt,
        completion_tokens=completion,
        price=price(prompt, completion, endpoint.prices if endpoint else None),
        billed=endpoint is not None,
        stored=stored,
    )


def _judge_tokens(judge: ResolvedJudge, language: str, items: Sequence[Item]) -> tuple[Range, Range]:
    """Return the tokens of one game on each item, with empty answers."""
    prompt, completion = Range(), Range()
    nothing = Answer(text="")
    for item in items:
        for call in judge.judge.calls(Match(language=language, question=item.prompt, a=nothing, b=nothing)):
            for turn in call.messages:
                prompt = prompt + text_tokens(turn["content"])
            completion = completion + Range(1, call.sampling.max_tokens)
    return prompt, completion


def cache_path(experiment: Experiment, folder: RunFolder) -> Path:
    """Return the path of the call cache: the experiment's, ``POLYARENA_CACHE``, or beside the run folders."""
    if experiment.cache is not None:
        return experiment.base / experiment.cache
    if os.environ.get("POLYARENA_CACHE"):
        return Path(os.environ["POLYARENA_CACHE"])
    return folder.path.parent / "calls.sqlite"
