"""The plan of a run: every cell and every pair of cells to be judged, with what is stored and what the rest costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from polyarena.harness.experiment import Experiment, load_experiment
from polyarena.harness.experiment.opponents import Opposed, all_pairs, planned_pairs
from polyarena.harness.experiment.problems import Problems
from polyarena.harness.lock import Deviation, Omission
from polyarena.harness.lock.imported_judges import refuse_name_clash
from polyarena.harness.models.protocol import ModelContext
from polyarena.harness.planning.allocation import Allocation, TaskBudget, budget_of, read_allocation
from polyarena.harness.planning.cells import PlannedCell, plan_cell
from polyarena.harness.planning.cost import CostEstimate, Range
from polyarena.harness.planning.existing_results import MissingAnswers, open_existing_results
from polyarena.harness.planning.games import PlannedGames, UnallocatedGames, plan_games, unallocated_games
from polyarena.harness.planning.items import CellItems, ItemLoader, open_item_loader
from polyarena.harness.planning.judges import ResolvedJudge, resolve_judges
from polyarena.harness.planning.prefetch import prefetch
from polyarena.harness.planning.systems import ResolvedSystem, resolve_systems
from polyarena.harness.planning.tasks import ResolvedTask, select_tasks
from polyarena.harness.store import RunFolder
from polyarena.tasks.data import data_root
from polyarena.tasks.errors import DataError
from polyarena.tasks.item import Kind


@dataclass(frozen=True)
class Plan:
    """The work that an experiment asks for.

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
        unsupported: (system, language) pairs that are skipped because the language is not in the system's
            ``languages``.
        retry_refused: Whether questions that an endpoint has refused for good are asked again.
        allocation: The allocation of a budget of games so far; ``None`` without one.
        budgets: Such budgets, one for each judged task.
        unallocated: What the rest of these budgets costs.
        omissions: What is left out of suites, and metrics that are not computed, with the reasons.
        deviations: How suites differ from the papers that they follow.
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
    retry_refused: bool = False
    omissions: tuple[Omission, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    allocation: Allocation | None = None
    budgets: tuple[TaskBudget, ...] = ()
    unallocated: tuple[UnallocatedGames, ...] = ()

    @property
    def parts(self) -> tuple[CostEstimate, ...]:
        """Every cell, every pair of cells, and what is not allocated to pairs yet."""
        return (*self.cells, *self.games, *self.unallocated)

    @property
    def missing_cells(self) -> tuple[PlannedCell, ...]:
        """Cells that are not stored."""
        return tuple(cell for cell in self.cells if not cell.stored)

    @property
    def early_judges(self) -> frozenset[str]:
        """The judges that decide pairs while cells are still being computed.

        These are the judges that wait for an endpoint. A judge with a model of its own would compete with the systems
        for the machine, a batch is submitted once all its questions are known, and a budget of games is spent by
        results.
        """
        if self.allocation is not None:
            return frozenset()
        endpoints = {judge.spec.name: judge.spec.endpoint for judge in self.judges}
        return frozenset(name for name, each in endpoints.items() if each is not None and each.mode != "batch")

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


def plan(
    experiment: Experiment | str | Path | Mapping[str, Any],
    *,
    output: str | Path | None = None,
    retry_refused: bool = False,
) -> Plan:
    """Resolve an experiment and find what is left to do; costs nothing and loads no model.

    Args:
        experiment: An experiment, its file, or a mapping with the file's keys.
        output: The run folder; the experiment's own ``output`` or ``runs/<name>`` if left out.
        retry_refused: Whether questions that an endpoint has refused for good are asked again.

    Raises:
        PolyarenaError: Anything in the experiment or its data that cannot work.
    """
    if not isinstance(experiment, Experiment):
        experiment = load_experiment(experiment)
    folder = folder_of(experiment, output)
    folder.check_owner(experiment.name)
    refuse_name_clash(experiment, folder.read_lock(), folder.path)
    root = data_root(experiment.data_root, experiment.base)
    context = ModelContext(base=str(experiment.base))
    problems = Problems()
    selection = problems.attempt(select_tasks, experiment)
    tasks = selection.tasks if selection else ()
    systems = problems.attempt(resolve_systems, experiment, tasks, context)
    judges = problems.attempt(resolve_judges, experiment, tasks, None) if selection else None
    problems.raise_all()
    assert selection is not None
    assert systems is not None
    assert judges is not None
    cells: dict[tuple[int, int, int], PlannedCell] = {}
    games: list[PlannedGames] = []
    open_ended = [task.spec.task for task in tasks if task.card.kind is Kind.OPEN_ENDED]
    allocation = read_allocation(experiment, folder, open_ended)
    everybody: dict[Opposed, int | None] = dict.fromkeys(planned_pairs(experiment))
    probes: list[PlannedGames] = []
    data_errors, missing = DataErrors(root), MissingAnswers(experiment, context)
    with (
        open_existing_results(experiment, folder, retry_refused=retry_refused) as existing,
        open_item_loader(root) as loader,
    ):
        prefetch(experiment, tasks, loader)
        for t, task in enumerate(tasks):
            for n, language in enumerate(task.languages):
                cell_items = data_errors.load(loader, task, language)
                if cell_items is None:
                    continue
                row: dict[str, PlannedCell] = {}
                for s, system in enumerate(systems):
                    if system.supports(language) and missing.check(system, task, language, cell_items):
                        row[system.spec.name] = cells[s, t, n] = plan_cell(
                            system, task, language, cell_items, context, existing
                        )
                if task.card.kind is Kind.OPEN_ENDED:
                    pairs = everybody if allocation is None else {**allocation.items(task.spec.task)}
                    games += plan_games(pairs, judges, cell_items, row, context, existing)
                    if allocation is not None:
                        probe = {pair: None for pair in all_pairs(experiment) if pair not in pairs} or pairs
                        probes += plan_games(dict(islice(probe.items(), 1)), judges, cell_items, row, context, existing)
    budgets = tuple(_budgets(experiment, judges, cells.values(), open_ended))
    for budget in budgets:
        problems.attempt(budget.require_start, experiment)
    problems.attempt(data_errors.raise_all)
    problems.errors += missing.problems()
    problems.raise_all()
    return Plan(
        experiment=experiment,
        folder=folder,
        tasks=tasks,
        systems=systems,
        judges=judges,
        # A system's cells run together, so that its model is loaded once.
        cells=tuple(cell for _, cell in sorted(cells.items())),
        games=tuple(sorted(games, key=lambda g: (g.judge, g.candidate, g.baseline, g.task, g.language))),
        data=dict(sorted(loader.digests.items())),
        data_root=root,
        unsupported=tuple(_unsupported(systems, tasks)),
        retry_refused=retry_refused,
        omissions=selection.omissions,
        deviations=selection.deviations,
        allocation=allocation,
        budgets=budgets,
        unallocated=tuple(
            unallocated_games(judge, budget.task, left, probes)
            for budget in budgets
            for judge in judges
            if allocation is not None
            and (left := budget.remaining(allocation.items(budget.task), allocation.decided(budget.task)))
        ),
    )


def _budgets(
    experiment: Experiment, judges: Sequence[ResolvedJudge], cells: Iterable[PlannedCell], tasks: Sequence[str]
) -> Iterator[TaskBudget]:
    """Yield the budget of games of each judged task."""
    budget = budget_of(experiment)
    if budget is None or not judges:
        return
    own: dict[str, list[PlannedCell]] = {task: [] for task in tasks}
    for cell in cells:
        if cell.task in own:
            own[cell.task].append(cell)
    repeats = max(judge.spec.repeats for judge in judges)
    for task, answered in own.items():
        yield TaskBudget.of(task, experiment, answered, repeats, budget)


def folder_of(experiment: Experiment, output: str | Path | None = None) -> RunFolder:
    """Return the run folder: ``output``, else the experiment's own ``output``, else ``runs/<name>``."""
    if output is not None:
        return RunFolder(Path(output))
    if experiment.output is not None:
        return RunFolder(experiment.base / experiment.output)
    return RunFolder(Path("runs") / experiment.name)


def _unsupported(systems: Sequence[ResolvedSystem], tasks: Sequence[ResolvedTask]) -> Iterator[tuple[str, str]]:
    languages = sorted({language for task in tasks for language in task.languages})
    for system in systems:
        for language in languages:
            if not system.supports(language):
                yield system.spec.name, language


@dataclass
class DataErrors:
    """Collects every data error found while planning, so that they are reported together.

    Attributes:
        root: The local mirror; ``None`` for the hub, where a data set that fails once is not asked for again.
        found: The errors, with the task and language, by the data set of the task.
    """

    root: Path | None
    found: dict[str, list[tuple[ResolvedTask, str, DataError]]] = field(default_factory=dict)

    def load(self, loader: ItemLoader, task: ResolvedTask, language: str) -> CellItems | None:
        """Return the items of one cell; ``None`` if its data cannot be read, which is remembered."""
        dataset = task.card.dataset.id
        if self.root is None and dataset in self.found:
            return None
        try:
            return loader.cell_items(task, language)
        except DataError as error:
            self.found.setdefault(dataset, []).append((task, language, error))
            return None

    def raise_all(self) -> None:
        """Raise all errors as one.

        Raises:
            DataError: The error itself if there is one. Else all data sets that are not there, and the first error of
                each of the others.
        """
        errors = [error for found in self.found.values() for _, _, error in found]
        if len(errors) == 1:
            raise errors[0]
        if errors:
            absent = [each for each in sorted(self.found) if self.root is not None and not (self.root / each).is_dir()]
            sets = f"{len(self.found)} data sets" if len(self.found) > 1 else f"the data set {next(iter(self.found))}"
            raise DataError(
                f"{sets} cannot be read as the experiment needs",
                where=self.root or "the hub",
                why=f"not there: {', '.join(map(self._named, absent))}" if absent else "",
                fix=f"{errors[0].fix}; or leave out {self._leaving()}",
                also=[self._summary(each) for each in sorted(self.found) if each not in absent],
            )

    def _leaving(self) -> str:
        tasks = [task for found in self.found.values() for task, _, _ in found]
        names = ", ".join(dict.fromkeys(task.spec.task.partition(".")[0] for task in tasks if task.suite))
        return f"the suite's tasks with `exclude: [{names}]`" if names else "the tasks or languages"

    def _named(self, dataset: str) -> str:
        return f"{dataset} ({', '.join(dict.fromkeys(task.spec.task for task, _, _ in self.found[dataset]))})"

    def _summary(self, dataset: str) -> DataError:
        found = self.found[dataset]
        first = found[0][2]
        more = f", and {len(found) - 1} more like it" if len(found) > 1 else ""
        return DataError(f"{first.what}{more}", where=self._named(dataset), why=first.why)
