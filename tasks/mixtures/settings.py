"""The settings of a mixture: how much of each source, what is pruned, how rare languages are raised."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(gt=0)]


class PruningSettings(BaseModel):
    """Which rows are removed before anything is drawn. A row counts under the first rule that it breaks.

    Attributes:
        min_characters: Fewest characters of a completion. Empty prompts and completions are always removed.
        max_characters: Most characters of a prompt or a completion.
        degenerate: Remove completions that repeat themselves.
        wrong_language: Remove completions in another language or script than the row says. A language that the
            identifier does not know, and a text that is too short, is not removed.
        near_duplicates: Remove rows whose text resembles that of an earlier row in the same language this much or more:
            the estimated Jaccard similarity of their character 5-grams. ``false`` keeps all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_characters: Count = 1
    max_characters: Count | None = None
    degenerate: bool = True
    wrong_language: bool = True
    near_duplicates: Literal[False] | Annotated[float, Field(gt=0, le=1)] = 0.8


class SourceShare(BaseModel):
    """How much of one source goes into the mixture.

    Attributes:
        name: Of the source.
        weight: Percent of the budget. Either all sources have a weight, and they sum to 100, or none has.
        max_rows: Most rows of the source.
        max_rows_per_language: Most rows of the source in each language.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    max_rows: Count | None = None
    max_rows_per_language: Count | None = None


class MixtureSettings(BaseModel):
    """How sources are mixed.

    Attributes:
        sources: The sources, in the order in which duplicates are looked for: the first one keeps its row.
        budget: Rows of the mixture; as many as the sources have if left out.
        temperature: Within a source, the share of a language is its number of rows to the power of 1/temperature: 1
            keeps the sizes as they are, larger values raise languages with few rows (Arivazhagan et al. 2019,
            arXiv 1907.05019, section 4.1; mT5 has 1/0.3). It needs a budget.
        max_rows_per_language: Most rows in each language, all sources together.
        max_repeats: How often a row may occur when a language is raised or a source has fewer rows than its share.
        languages: Languages that the mixture must have; one without a row is an error. Others are taken as they come.
        pruning: What is removed first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: Annotated[tuple[SourceShare, ...], Field(min_length=1)]
    budget: Count | None = None
    temperature: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 1.0
    max_rows_per_language: Count | None = None
    max_repeats: Count = 4
    languages: tuple[str, ...] = ()
    pruning: PruningSettings = PruningSettings()
