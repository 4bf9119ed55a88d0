"""Few-shot: solved examples before each question, the same ones in every run.

MMLU asks after five examples of the same subject (Hendrycks et al. 2021, arXiv 2009.03300, section 4.1); the Aya Model
paper asks M-MMLU after five (arXiv 2402.07827, table 4). Here they are the first of the subject in the order of the
data's split for this purpose, never of the split that is asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyarena.tasks.benchmarks.choosing.asked import Asked, Template
from polyarena.tasks.benchmarks.choosing.rows import rows_of
from polyarena.tasks.benchmarks.reading import Part
from polyarena.tasks.benchmarks.row import Row

if TYPE_CHECKING:
    from polyarena.tasks.card import Dataset
    from polyarena.tasks.data import DataSource


@dataclass(frozen=True, slots=True)
class Shots:
    """How a template is asked after examples.

    Attributes:
        template: For the examples as well as the question.
        split: That the examples are taken from; not the one that is asked.
        count: Most examples of a question; a group that has fewer in the split shows those.
        group: What an example must have in common with its question, such as the subject.
    """

    template: Template
    split: str
    count: int = 5
    group: Callable[[Row], str] = lambda row: ""  # noqa: ARG005

    def before(
        self,
        dataset: Dataset,
        config: str,
        language: str,
        fields: tuple[str, ...],
        gold: Callable[[Row], int],
        data: DataSource,
    ) -> Mapping[str, str]:
        """Return the text before a question, by its group; it ends where the question begins.

        Args:
            dataset: The task's.
            config: Of the language.
            language: ``lang_Script``.
            fields: What each example must have.
            gold: Index of the right choice of a row.
            data: Where the data set is read from.

        Raises:
            ValueError: The examples would be taken from the split that is asked.
            DataError: The split is missing, lacks a field, or has one that cannot be used.
        """
        if self.split == dataset.split:
            raise ValueError(f"examples are never taken from the split that is asked, {self.split!r}")
        solved: dict[str, list[str]] = defaultdict(list)
        for row in rows_of(dataset, Part(config, split=self.split), language, fields, data):
            shown = solved[self.group(row)]
            if len(shown) < self.count:
                asked = Asked(*self.template(row))
                shown.append(f"{asked.prompt}{asked.separator}{asked.choices[gold(row)]}\n\n")
        return {group: "".join(shown) for group, shown in solved.items()}
