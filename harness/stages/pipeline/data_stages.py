"""Settings of the stages that make rows, completions and preference pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from polyarena.harness.experiment.schema import Name, Selector
from polyarena.harness.experiment.strict import Strict
from polyarena.harness.stages.pipeline.settings import (
    ArbiterSettings,
    SamplingSettings,
    StageName,
    StageSettings,
)
from polyarena.tasks.mixtures.safety import WEIGHT
from polyarena.tasks.mixtures.settings import Count, PruningSettings
from polyarena.tasks.mixtures.templates import RowTemplate


class TemplateKeys(RowTemplate, Strict):
    """One way to make prompt and completion of the fields of a row; see ``RowTemplate``.

    Attributes:
        languages: Selector of the rows that it is for, by their language; all if left out.
    """


class PruningKeys(PruningSettings, Strict):
    """Which rows are removed before anything is drawn; see ``PruningSettings``."""


class SourceSettings(Strict):
    """One source of training rows: a data set, or a JSON Lines file.

    Attributes:
        name: Its name in the mixture.
        dataset: ``owner/name`` on the hub or its mirror; or
        path: a JSON Lines file, relative to the pipeline file.
        configs: Of the data set; their rows are read one after the other.
        split: Of the data set; never one that is evaluated on.
        revision: Commit on the hub.
        prompt: Field with what the user says.
        completion: Field with the answer.
        templates: Make prompt and completion of several fields, in place of ``prompt`` and ``completion``.
        language: Of all rows, in any code; no field is then looked at.
        language_field: Field with the language of a row, in any code; the name of the config where it is absent.
        licence: Of the source.
        weight: Percent of the budget. Either all sources have a weight, and they sum to 100, or none has.
        max_rows: Most rows of the source.
        max_rows_per_language: Most rows of the source in each language.
        part: Which source of a ``preset`` it stands for, such as ``aya_translations``.
    """

    name: Name
    dataset: str | None = None
    path: str | None = None
    configs: Annotated[tuple[str, ...], Field(min_length=1)] = ("default",)
    split: str = "train"
    revision: str = "main"
    prompt: str = "inputs"
    completion: str = "targets"
    templates: tuple[TemplateKeys, ...] = ()
    language: str | None = None
    language_field: str = "language_code"
    licence: str = "unknown"
    weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    max_rows: Count | None = None
    max_rows_per_language: Count | None = None
    part: str | None = None


class MixtureStage(StageSettings):
    """Rows to train on, drawn from several sources.

    Attributes:
        sources: Where they come from; of near-duplicates the first source keeps its row.
        languages: Only rows of these, and each must have some.
        held_out: Prompts of each language that are kept for measuring and never trained on, in any source.
        budget: Rows to draw; all if left out.
        temperature: Within a source, the share of a language is its number of rows to the power of 1/temperature.
            It needs a budget.
        max_rows_per_language: Most rows in each language, all sources together.
        max_repeats: How often a row may occur when a language is raised or a source has fewer rows than its share.
        pruning: What is removed first.
        preset: The weights of a published mixture of Aya-101; each source then names its ``part``, and has no weight.
        refuse_items_of: Tasks of the harness whose items no source may contain.
    """

    type: Literal["mixture"] = "mixture"
    sources: Annotated[tuple[SourceSettings, ...], Field(min_length=1)]
    languages: Selector | None = None
    held_out: Annotated[int, Field(ge=0)] = 0
    budget: Count | None = None
    temperature: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 1.0
    max_rows_per_language: Count | None = None
    max_repeats: Count = 4
    pruning: PruningKeys = PruningKeys()
    preset: Literal["human_heavy", "translation_heavy", "template_heavy"] | None = None
    refuse_items_of: tuple[str, ...] = ()


class TeacherSettings(Strict):
    """One member of the pool of teachers: a checkpoint of the pipeline, a system of the harness, or people.

    Attributes:
        name: Its name in the pool.
        stage: The stage whose checkpoint answers.
        model: A model type of the harness, as in an experiment: ``hf``, ``endpoint``, ``completions``, ...
        args: Its arguments.
        people: The answers are the completions of the prompts' own rows, as people wrote them.
        system_prompt: Of the teacher; ``{language}``, ``{autonym}`` and ``{code}`` are filled in, as in an experiment.
        sampling: How it answers; with ``model``, ``max_tokens`` and ``temperature`` alone count.
        languages: The languages that it answers in; all if left out.
        licence: Under which its answers may be used.
    """

    name: Name
    stage: StageName | None = None
    model: str | None = None
    args: Mapping[str, Any] = {}
    people: bool = False
    system_prompt: str | None = None
    sampling: SamplingSettings = SamplingSettings()
    languages: Selector | None = None
    licence: str = "unknown"


class PoolStage(StageSettings):
    """Completions of several teachers to the same prompts, each with its reward.

    Attributes:
        prompts: The stage whose rows give the prompts.
        teachers: Who answers.
        arbiters: Who scores the answers.
        limit: Most prompts of each language, drawn from all sources.
    """

    type: Literal["pool"] = "pool"
    prompts: StageName
    teachers: Annotated[tuple[TeacherSettings, ...], Field(min_length=2)]
    arbiters: Annotated[tuple[ArbiterSettings, ...], Field(min_length=1)]
    limit: Annotated[int, Field(gt=0)] | None = None

    version: ClassVar[int] = 2

    @property
    def references(self) -> tuple[str, ...]:
        """The prompts, and the checkpoints of teachers and arbiters."""
        named = (*(teacher.stage for teacher in self.teachers), *(arbiter.stage for arbiter in self.arbiters))
        return (self.prompts, *(stage for stage in named if stage))


class SafetyStage(StageSettings):
    """Safety context distillation: a teacher that is told to refuse answers harmful prompts, and learns no preamble.

    The output is the rows of ``rows`` with refusals at the stated weight.

    Attributes:
        prompts: The stage whose rows give the harmful prompts; their completions are not used.
        rows: The stage whose rows the refusals are added to.
        teacher: Who answers with the preamble; not ``people``.
        preambles: The preamble in each language or selector of languages; English where a language has none.
        weight: Percent of the output that are refusals.
        max_repeats: How often a refusal may occur where there are too few.
        held_out: Harmful prompts of each language that are kept apart, for measuring.
    """

    type: Literal["safety"] = "safety"
    prompts: StageName
    rows: StageName
    teacher: TeacherSettings
    preambles: Mapping[str, str] = {}
    weight: Annotated[float, Field(gt=0, lt=100)] = WEIGHT
    max_repeats: Count = 4
    held_out: Annotated[int, Field(ge=0)] = 0

    version: ClassVar[int] = 2

    @property
    def references(self) -> tuple[str, ...]:
        """The prompts, the rows, and the checkpoint of the teacher."""
        return (self.prompts, self.rows, *((self.teacher.stage,) if self.teacher.stage else ()))


class TranslatedPairsStage(StageSettings):
    """Preference pairs of a strong model's answer against a translation of a weaker model's English answer.

    Attributes:
        prompts: The stage whose rows give the prompts, in their languages; English ones give no pair and are not asked.
        strong: Answers in the language of the prompt.
        weaker: Answers in English: its system prompt should say so.
        translator: Translates the weaker answers; its system prompt is ``Translate into {language}.`` unless set.
        limit: Most prompts of each language.
    """

    type: Literal["translated_pairs"] = "translated_pairs"
    prompts: StageName
    strong: TeacherSettings
    weaker: TeacherSettings
    translator: TeacherSettings
    limit: Annotated[int, Field(gt=0)] | None = None

    version: ClassVar[int] = 3

    @property
    def references(self) -> tuple[str, ...]:
        """The prompts, and the checkpoints of the three models."""
        models = (self.strong, self.weaker, self.translator)
        return (self.prompts, *(model.stage for model in models if model.stage))


class ArbitrageStage(StageSettings):
    """Rows to train on: for each prompt the completion of the teacher that a router names.

    Attributes:
        pool: The stage with the teachers' completions.
        router: ``reward``, ``fixed``, ``learned``, or a control: ``random``, ``single``.
        teacher: Of ``single``: whose completions are taken.
        by_language: Of ``fixed``: the teacher of each language or selector of languages.
    """

    type: Literal["arbitrage"] = "arbitrage"
    pool: StageName
    router: Literal["reward", "fixed", "learned", "random", "single"] = "reward"
    teacher: str | None = None
    by_language: Mapping[str, str] = {}

    @property
    def references(self) -> tuple[str, ...]:
        """The pool."""
        return (self.pool,)


class PairsStage(StageSettings):
    """Preference pairs of a data set.

    Attributes:
        dataset: ``owner/name`` with the fields ``prompt``, ``chosen`` and ``rejected``, as text or as messages; or
        path: a JSON Lines file with these fields.
        config: Of the data set.
        split: Of the data set.
        revision: Commit on the hub.
        language: Of all pairs, in any code; if left out, the field ``language`` of each says it.
        licence: Of the pairs.
        limit: Most pairs.
        refuse_items_of: Tasks of the harness whose items no pair may contain.
    """

    type: Literal["pairs"] = "pairs"
    dataset: str | None = None
    path: str | None = None
    config: str = "default"
    split: str = "train"
    revision: str = "main"
    language: str | None = None
    licence: str = "unknown"
    limit: Annotated[int, Field(gt=0)] | None = None
    refuse_items_of: tuple[str, ...] = ()

    added_later: ClassVar[frozenset[str]] = frozenset({"refuse_items_of"})


class PreferencesStage(StageSettings):
    """Preference pairs of a pool: for each prompt the completion with the highest reward against the lowest.

    Attributes:
        pool: The stage with the teachers' completions.
        least_gap: Prompts whose best and worst reward differ by less give no pair.
    """

    type: Literal["preferences"] = "preferences"
    pool: StageName
    least_gap: Annotated[float, Field(ge=0)] = 0.0

    @property
    def references(self) -> tuple[str, ...]:
        """The pool."""
        return (self.pool,)


def teachers_of(stage: StageSettings) -> dict[tuple[str | int, ...], TeacherSettings]:
    """Return the teachers of a stage by their place in its settings; nothing for a stage that asks none."""
    if isinstance(stage, PoolStage):
        return {("teachers", at): teacher for at, teacher in enumerate(stage.teachers)}
    if isinstance(stage, SafetyStage):
        return {("teacher",): stage.teacher}
    if isinstance(stage, TranslatedPairsStage):
        return {("strong",): stage.strong, ("weaker",): stage.weaker, ("translator",): stage.translator}
    return {}
