"""Data that a plan cannot read: all of it is told at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from polyarena.harness.planning.resolved_task import ResolvedTask
from polyarena.harness.planning.sheets import Questions, Reader
from polyarena.tasks.errors import DataError


@dataclass
class Unread:
    """Collects what is wrong with the data of an experiment.

    Attributes:
        root: The local mirror; ``None`` for the hub, where a data set that fails once is not asked for again.
        found: The errors, with the task and language, by the data set of the task.
    """

    root: Path | None
    found: dict[str, list[tuple[ResolvedTask, str, DataError]]] = field(default_factory=dict)

    def tried(self, reader: Reader, task: ResolvedTask, language: str) -> Questions | None:
        """Return the questions of one cell; ``None`` if its data cannot be read, which is remembered."""
        dataset = task.card.dataset.id
        if self.root is None and dataset in self.found:
            return None
        try:
            return reader.questions(task, language)
        except DataError as error:
            self.found.setdefault(dataset, []).append((task, language, error))
            return None

    def refuse(self) -> None:
        """Raise what was found.

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
        return f"the suite's tasks with `without: [{names}]`" if names else "the tasks or languages"

    def _named(self, dataset: str) -> str:
        return f"{dataset} ({', '.join(dict.fromkeys(task.spec.task for task, _, _ in self.found[dataset]))})"

    def _summary(self, dataset: str) -> DataError:
        found = self.found[dataset]
        first = found[0][2]
        more = f", and {len(found) - 1} more like it" if len(found) > 1 else ""
        return DataError(f"{first.what}{more}", where=self._named(dataset), why=first.why)
