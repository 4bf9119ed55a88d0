"""Searches the weights of a merge on a development suite, by the average over languages and by the lowest language."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path

import pandas as pd

from polyarena.harness.stages.parts import in_parts
from polyarena.tasks.errors import ExperimentError, ModelError

Score = Callable[[Path], Mapping[str, float]]
"""Evaluates the checkpoint in a folder: the score of each language, higher being better."""
MergeInto = Callable[[Mapping[str, float], Path], None]
"""Merges with these weights into a folder."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One set of weights.

    Attributes:
        weights: Of each checkpoint, by name.
        scores: Of each language.
    """

    weights: Mapping[str, float]
    scores: Mapping[str, float]

    @property
    def average(self) -> float:
        """The unweighted mean over languages."""
        return math.fsum(self.scores.values()) / len(self.scores)

    @property
    def lowest(self) -> float:
        """The score of the worst language."""
        return min(self.scores.values())


@dataclass(frozen=True, slots=True)
class WeightSearch:
    """What a search has found.

    Attributes:
        trials: In the order in which they were scored.
    """

    trials: tuple[Trial, ...]

    @property
    def best_average(self) -> Trial:
        """The trial with the best average; among equals the best lowest language, then the first."""
        return max(self.trials, key=lambda trial: (trial.average, trial.lowest))

    @property
    def best_minimum(self) -> Trial:
        """The trial whose worst language is best; among equals the best average, then the first."""
        return max(self.trials, key=lambda trial: (trial.lowest, trial.average))

    def table(self) -> pd.DataFrame:
        """Return one row for each trial: ``weight:<checkpoint>``, ``score:<language>``, ``average``, ``lowest``."""
        return pd.DataFrame(
            {
                **{f"weight:{name}": weight for name, weight in trial.weights.items()},
                **{f"score:{language}": value for language, value in sorted(trial.scores.items())},
                "average": trial.average,
                "lowest": trial.lowest,
            }
            for trial in self.trials
        )


def weight_grid(names: Sequence[str], parts: int) -> list[dict[str, float]]:
    """Return all weights in steps of ``1 / parts`` that sum to 1, corners included.

    Args:
        names: Of the checkpoints.
        parts: Steps from 0 to 1. There are ``(parts + n - 1)! / (parts! (n - 1)!)`` sets for n checkpoints.
    """
    count = len(names)
    grid = []
    for bars in combinations(range(parts + count - 1), count - 1):
        edges = (-1, *bars, parts + count - 1)
        shares = [right - left - 1 for left, right in pairwise(edges)]
        grid.append({name: share / parts for name, share in zip(names, shares, strict=True)})
    return grid


def search_weights(
    candidates: Sequence[Mapping[str, float]], merge: MergeInto, score: Score, folder: Path, parts: Path | None = None
) -> WeightSearch:
    """Merge with each set of weights and score the result on a development suite.

    The suite must not be the one that is reported: the best of many trials is better there by chance.

    Args:
        candidates: Sets of weights, as :func:`weight_grid` makes them; at least one.
        merge: Merges with a set of weights into a folder.
        score: Scores the checkpoint in a folder, in the same languages each time.
        folder: Each trial is merged into its own folder within it, ``trial-0000``, ...; the caller removes them.
        parts: File for the scores of the trials that are done, see :func:`polyarena.harness.stages.parts.in_parts`.

    Raises:
        ExperimentError: There are no candidates.
        ModelError: A trial has no score, one that is not finite, or scores of other languages than the first.
    """
    if not candidates:
        raise ExperimentError("the weight search has no candidates", fix="give at least one set of weights")

    def tried(number: int, weights: Mapping[str, float]) -> dict[str, float]:
        target = folder / f"trial-{number:04}"
        merge(weights, target)
        scores = dict(score(target))
        bad = [language for language, value in scores.items() if not math.isfinite(value)]
        if not scores or bad:
            raise ModelError(
                f"no usable score for {bad[0]}" if bad else "the development suite gave no score",
                where=target,
                why=f"the weights were {dict(weights)}",
                fix="check the development suite in that language",
            )
        return scores

    trials: list[Trial] = []
    for weights, scores in zip(candidates, in_parts(parts, candidates, tried), strict=True):
        if trials and scores.keys() != trials[0].scores.keys():
            raise ModelError(
                "two trials were scored in different languages",
                where=folder,
                why=f"only one of them has {', '.join(sorted(scores.keys() ^ trials[0].scores.keys()))}",
                fix="score every trial on the same suite",
            )
        trials.append(Trial(dict(weights), scores))
    return WeightSearch(tuple(trials))
