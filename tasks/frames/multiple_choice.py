"""Multiple choice by rank classification: a benchmark is a table of facts and a few prompt templates.

A task reads the rows of one config of a data set for each language, turns each row into a prompt and its choices with a
*template*, and is scored by :mod:`polyarena.tasks.metrics.multiple_choice`. It can have several templates, as the
protocol of the Aya Model requires (arXiv 2402.07827, section 4, footnotes 19 and 21: the median over five prompts).
``task.templates`` names them; the first is the default, and ``task.variant(name)`` is the same task with another one.

One space separates the prompt from each choice unless a template returns a :class:`RenderedPrompt` with another
separator. Nothing separates them after a chat template. The harness inserts the separator.

Exam questions list their options with letters, and the letters are the choices. The layout is that of MMLU (Hendrycks
et al. 2021, arXiv 2009.03300) without its line about the subject, as in lm-eval's multilingual versions.

Few-shot examples are solved questions before each question, the same in every run. MMLU uses five examples of the same
subject (Hendrycks et al. 2021, section 4.1), and so does the Aya Model paper for M-MMLU (arXiv 2402.07827, table 4).
They are the first of the subject in the data set's split for this purpose, never from the evaluated split.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from polyarena.tasks.card import TaskCard
from polyarena.tasks.frames.cards import card_on_split
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import ANY, Subset, read_rows
from polyarena.tasks.item import FewShotExample, Item
from polyarena.tasks.metrics.multiple_choice import ACC, ACC_BYTES, choice_scores
from polyarena.tasks.suggest import unknown
from polyarena.tasks.validation import require_language

if TYPE_CHECKING:
    from polyarena.tasks.card import Dataset
    from polyarena.tasks.data import DataSource
    from polyarena.tasks.records import Completion


class RenderedPrompt(NamedTuple):
    """The prompt and choices that a template renders from a row.

    Attributes:
        prompt: Empty where the choices are whole texts.
        choices: The continuations.
        separator: Text between prompt and choice (see :attr:`polyarena.tasks.item.Item.choice_separator`).
        whole: Whether the choices are whole texts.
    """

    prompt: str
    choices: tuple[str, ...]
    separator: str = " "
    whole: bool = False


PromptTemplate = Callable[[Row], tuple[str, tuple[str, ...]] | RenderedPrompt]
"""Renders a row as a prompt and its choices, separated by a space, or as a :class:`RenderedPrompt`."""


def rows_of(dataset: Dataset, part: Subset, language: str, fields: Iterable[str], data: DataSource) -> Iterator[Row]:
    """Yield the rows of one language.

    Args:
        dataset: Which, at which revision.
        part: Where the rows of the language lie in it.
        language: ``lang_Script``.
        fields: What each row must have, not null.
        data: Where the data set is read from.

    Raises:
        DataError: The data is missing, or a row lacks a field.
    """
    return read_rows(dataset, part, language, dict.fromkeys(fields, ANY), data)


def source_from_fields(*names: str) -> Callable[[Row], str]:
    """Return a source id made of these fields, the same in all languages, joined by ``:``."""
    return lambda row: ":".join([str(row.values[name]) for name in names])


def source_from_position(row: Row) -> str:
    """Return the row's number as its source id: the languages are translations of each other, row by row."""
    return str(row.position)


def source_per_language(row: Row) -> str:
    """Return a source id that no other language has: the rows are not parallel."""
    return f"{row.language}:{row.position}"


def keep_fields(*names: str) -> Callable[[Row], Mapping[str, str]]:
    """Return a function that copies these fields of a row, as texts, to :attr:`polyarena.tasks.item.Item.fields`.

    They are for grouping scores, so a row may lack them.
    """
    return lambda row: {name: str(value) for name in names if (value := row.values.get(name)) is not None}


ALPHABET = tuple("ABCDEFGHIJ")
"""The letters of options; no data set here has more than ten."""
LETTERS = ALPHABET[:4]
_EXAMS = {
    count: "\n".join(["%s", *(f"{letter}. %s" for letter in ALPHABET[:count]), "Answer:"])
    for count in range(2, len(ALPHABET) + 1)
}
"""The prompts of exams with so many options, to be filled with the question and the options."""
OPTION_FIELDS = ("option_a", "option_b", "option_c", "option_d")
"""The fields in which most data sets of this kind have the four options."""


def exam_prompt(question: str, options: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the prompt, which ends in ``Answer:``, and the letters of the options.

    Args:
        question: White space around it is dropped.
        options: Two to ten texts.

    Raises:
        ValueError: There are fewer than two options, or more than letters.
    """
    count = len(options)
    if count not in _EXAMS:
        raise ValueError(f"{count} options, and {len(ALPHABET)} letters")
    return _EXAMS[count] % (question.strip(), *options), ALPHABET[:count]


def filled_options(row: Row, names: Sequence[str]) -> tuple[str, ...]:
    """Return the options of a row whose questions have different numbers of them.

    Args:
        row: The row.
        names: Fields of the options in their order; those after the last option are null or empty.

    Raises:
        DataError: A field is missing, there are fewer than two options, or an option stands after an empty one.
    """
    options = row.all_shown(names)
    count = sum(map(bool, options))
    if count < 2 or not all(options[:count]):
        raise row.refused("the options do not stand one after the other", options)
    return tuple(options[:count])


@dataclass(frozen=True, slots=True)
class FewShot:
    """Few-shot examples before the question of a template.

    Attributes:
        template: Template of the examples and of the question.
        split: Split of the examples; not the evaluated one.
        count: Most examples of a question; a group that has fewer in the split shows those.
        group: Property that an example shares with its question, such as the subject.
    """

    template: PromptTemplate
    split: str
    count: int = 5
    group: Callable[[Row], str] = lambda row: ""  # noqa: ARG005

    def examples(
        self,
        dataset: Dataset,
        config: str,
        language: str,
        fields: tuple[str, ...],
        gold: Callable[[Row], int],
        data: DataSource,
    ) -> Mapping[str, tuple[FewShotExample, ...]]:
        """Return the examples before a question, by its group.

        Args:
            dataset: The task's.
            config: Of the language.
            language: ``lang_Script``.
            fields: What each example must have.
            gold: Index of the right choice of a row.
            data: Where the data set is read from.

        Raises:
            ValueError: The examples would come from the evaluated split.
            DataError: The split is missing, lacks a field, or has one that cannot be used.
        """
        if self.split == dataset.split:
            raise ValueError(f"examples must not come from the evaluated split, {self.split!r}")
        solved: dict[str, list[FewShotExample]] = defaultdict(list)
        for row in rows_of(dataset, Subset(config, split=self.split), language, fields, data):
            shown = solved[self.group(row)]
            if len(shown) < self.count:
                rendered = RenderedPrompt(*self.template(row))
                answer = rendered.choices[gold(row)]
                shown.append(FewShotExample(rendered.prompt, answer, rendered.separator))
        return {group: tuple(shown) for group, shown in solved.items()}


@dataclass(frozen=True, kw_only=True, eq=False)
class MultipleChoiceTask:
    """A multiple-choice benchmark with one prompt template or several.

    Attributes:
        card: The task's identity.
        configs: The data set's config of each language.
        fields: What each row must have, not null.
        prompts: The templates by name; the first is the default.
        shots: Further templates, which show examples first, by name.
        gold: Index of the right choice of a row, whatever the template.
        source: The source id of a row, which is also its item id.
        cluster: The source id of a row, where several rows come from one question; otherwise it is the item id.
        pairing: The source ids of all rows of a language, where one row does not tell its own; replaces ``source``.
        details: Further fields of a row, for grouping.
        category: The part of the task that a row belongs to, if reports distinguish parts.
        fixed_labels: The templates whose choices are the same labels of different lengths for every row; ``acc_bytes``
            would then prefer the longest label whatever the row, and is left out.
        asked: Whether a row is used.
        own_separators: Whether templates set the separator between prompt and choices; otherwise it is one space.
        repeats: Whether rows of a language may share a source id; the second then gets the suffix ``:2``, and so on.
        scorer: The metrics of one completion.
        template: The name of the template in use; ``""`` is the default one.
        other_splits: Further splits of the data set that have questions.
    """

    card: TaskCard
    configs: Mapping[str, str]
    fields: tuple[str, ...]
    prompts: Mapping[str, PromptTemplate]
    gold: Callable[[Row], int]
    source: Callable[[Row], str] = source_from_position
    cluster: Callable[[Row], str] | None = None
    pairing: Callable[[Sequence[Row]], Sequence[str]] | None = None
    details: Callable[[Row], Mapping[str, str]] = lambda row: {}  # noqa: ARG005
    category: Callable[[Row], str | None] = lambda row: None  # noqa: ARG005
    fixed_labels: frozenset[str] = frozenset()
    shots: Mapping[str, FewShot] = field(default_factory=dict)
    asked: Callable[[Row], bool] = lambda row: True  # noqa: ARG005
    own_separators: bool = False
    repeats: bool = False
    scorer: Callable[[Item, Completion], Mapping[str, float]] = field(default=choice_scores)
    template: str = ""
    other_splits: tuple[str, ...] = ()

    @property
    def templates(self) -> tuple[str, ...]:
        """The names of the templates; the first is the default."""
        return (*self.prompts, *self.shots)

    def variant(self, name: str) -> MultipleChoiceTask:
        """Return this task with another template.

        Its card has the name ``<task>.<template>``; with the default template, the plain name.

        Raises:
            UnknownNameError: There is no such template; the message has a did-you-mean.
        """
        task = self.card.name.partition(".")[0]
        if name not in self.templates:
            raise unknown(f"template of the task {task}", name, self.templates)
        label = task if name == self.templates[0] else f"{task}.{name}"
        metrics = (ACC,) if name in self.fixed_labels else (ACC, ACC_BYTES)
        return replace(self, card=self.card.model_copy(update={"name": label, "metrics": metrics}), template=name)

    def shots_of(self, template: str) -> int:
        """Return how many examples a template shows at most."""
        return self.shots[template].count if template in self.shots else 0

    def with_split(self, name: str) -> MultipleChoiceTask:
        """Return this task on another split, without the templates whose examples would come from it.

        Raises:
            UnknownNameError: The data set has no such split with questions.
        """
        if name not in self.other_splits:
            raise unknown(f"split of the task {self.card.name}", name, self.other_splits)
        shots = {template: few for template, few in self.shots.items() if few.split != name}
        return replace(self, card=card_on_split(self.card, name), shots=shots, other_splits=())

    def items(self, language: str, data: DataSource) -> Iterator[Item]:
        """Yield the items of one language in the order of the data set.

        Args:
            language: One of ``card.languages``.
            data: Where the data set is read from.

        Raises:
            UnknownNameError: The task does not have this language.
            DataError: The data is missing, lacks a field, or has one that cannot be used.
        """
        require_language(self.card, language)
        config = self.configs[language]
        template = self.template or self.templates[0]
        shots = self.shots.get(template)
        render = shots.template if shots else self.prompts[template]
        before = shots.examples(self.card.dataset, config, language, self.fields, self.gold, data) if shots else {}
        seen: Counter[str] = Counter()
        rows = rows_of(self.card.dataset, Subset(config), language, self.fields, data)
        for row, source in self._with_sources(rows):
            if not self.asked(row):
                continue
            if self.repeats:
                seen[source] += 1
                if seen[source] > 1:
                    source = f"{source}:{seen[source]}"
            asked = RenderedPrompt(*render(row))
            examples = before.get(shots.group(row), ()) if shots else ()
            yield Item(
                item_id=source,
                source_id=self.cluster(row) if self.cluster else source,
                language=language,
                prompt=asked.prompt,
                examples=examples,
                choices=asked.choices,
                gold=self.gold(row),
                fields=MappingProxyType(dict(self.details(row))),
                choice_separator=asked.separator,
                whole_choices=asked.whole,
                category=self.category(row),
            )

    def _with_sources(self, rows: Iterable[Row]) -> Iterator[tuple[Row, str]]:
        if self.pairing is None:
            return ((row, self.source(row)) for row in rows)
        listed = list(rows)
        return zip(listed, self.pairing(listed), strict=True)

    def score(self, item: Item, completion: Completion) -> Mapping[str, float]:
        """Return the metrics of the card.

        Raises:
            DataError: The completion has no usable log-likelihoods.
        """
        found = self.scorer(item, completion)
        return {metric: found[metric] for metric in self.card.metrics}
