"""The plan: every cell and every pair of cells to be judged, what is stored already, what the rest will take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from polyarena.harness.experiment import Experiment, load_experiment
from polyarena.harness.importing.kept import refuse_clash
from polyarena.harness.models.protocol import ModelContext
from polyarena.harness.planning.effort import PlannedCell, plan_cell
from polyarena.harness.planning.games import PlannedGames, plan_games
from polyarena.harness.planning.judging import ResolvedJudge, resolve_judges
from polyarena.harness.planning.resolve import ResolvedSystem, resolve_systems, select_tasks
from polyarena.harness.planning.resolved_task import LeftOut, ResolvedTask
from polyarena.harness.planning.sheets import reading
from polyarena.harness.planning.stock import open_stock
from polyarena.harness.planning.tokens import Range
from polyarena.harness.planning.unread import Unread
from polyarena.harness.store import RunFolder
from polyarena.tasks.data import data_root
from polyarena.tasks.item import Kind


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
        retry_refused: Whether questions that an endpoint has refused for good are asked again.
        left_out: What suites want and cannot have, and metrics that are not scored, with the reasons.
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
    left_out: tuple[LeftOut, ...] = ()

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


def plan(
    experiment: Experiment | str | Path | Mapping[str, Any],
    *,
    output: str | Path | None = None,
    retry_refused: bool = False,
) -> Plan:
    """Resolve an experiment and find out what is left to do; spends nothing and loads no model.

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
    refuse_clash(experiment, folder)
    root = data_root(experiment.data_root, experiment.base)
    context = ModelContext(base=str(experiment.base))
    selection = select_tasks(experiment)
    tasks = selection.tasks
    systems = resolve_systems(experiment, tasks, context)
    judges = resolve_judges(experiment, tasks, None)
    cells: dict[tuple[int, int, int], PlannedCell] = {}
    games: list[PlannedGames] = []
    unread = Unread(root)
    with open_stock(experiment, folder, retry_refused=retry_refused) as stock, reading(root) as reader:
        for t, task in enumerate(tasks):
            for n, language in enumerate(task.languages):
                questions = unread.tried(reader, task, language)
                if questions is None:
                    continue
                row: dict[str, PlannedCell] = {}
                for s, system in enumerate(systems):
                    if system.supports(language):
                        row[system.spec.name] = cells[s, t, n] = plan_cell(
                            system, task, language, questions, context, stock
                        )
                if task.card.kind is Kind.OPEN_ENDED:
                    games += plan_games(experiment.baseline, judges, questions, row, context, stock)
    unread.refuse()
    return Plan(
        experiment=experiment,
        folder=folder,
        tasks=tasks,
        systems=systems,
        judges=judges,
        # A system's cells run together, so that its model is loaded once.
        cells=tuple(cell for _, cell in sorted(cells.items())),
        games=tuple(sorted(games, key=lambda g: (g.judge, g.candidate, g.task, g.language))),
        data=dict(sorted(reader.digests.items())),
        data_root=root,
        unsupported=tuple(_unsupported(systems, tasks)),
        retry_refused=retry_refused,
        left_out=selection.left_out,
    )


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
