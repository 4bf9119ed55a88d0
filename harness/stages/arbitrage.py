"""Data arbitrage: of several teachers' completions of a prompt, the one to learn from.

A pool has the completions of all teachers to the same prompts, each with the arbiter's reward (Odumakinde et al. 2024,
*Multilingual Arbitrage*, arXiv 2408.14960). A router names a teacher for each prompt: the one with the highest reward,
one that is fixed for the language, one that a classifier predicts, or, as controls, a random one or always the same.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from polyarena.harness.stages.learned_router import cross_fitted_teachers
from polyarena.harness.stages.records import PooledCompletion
from polyarena.tasks.errors import DataError, ExperimentError
from polyarena.tasks.mixtures.records import TrainingRow
from polyarena.tasks.suggest import unknown


class Router(StrEnum):
    """Who names the teacher of a prompt."""

    REWARD = "reward"
    FIXED = "fixed"
    LEARNED = "learned"
    RANDOM = "random"
    SINGLE = "single"


@dataclass(frozen=True)
class Routing:
    """How prompts are routed.

    Attributes:
        router: Who names the teacher.
        teacher: Of ``single``.
        by_language: Of ``fixed``: the teacher of each ``lang_Script``.
        seed: Of ``random``, of ties between equal rewards, and of the folds of ``learned``.
    """

    router: Router = Router.REWARD
    teacher: str | None = None
    by_language: Mapping[str, str] | None = None
    seed: int = 0


def check_pool(pool: Sequence[PooledCompletion], *, where: str = "") -> None:
    """Check that every teacher answers something.

    Args:
        pool: The completions.
        where: The stage, for messages.

    Raises:
        DataError: The pool is empty, a teacher has only empty completions, or answers a prompt twice.
    """
    if not pool:
        raise DataError("the pool has no completions", where=where, fix="give it prompts and teachers")
    counts: dict[str, list[int]] = {}
    seen: set[tuple[str, str]] = set()
    for each in pool:
        if (each.row_id, each.teacher) in seen:
            raise DataError(
                f"the teacher {each.teacher!r} answers the prompt {each.row_id!r} twice",
                where=where,
                fix="give teachers different names and prompts different ids",
            )
        seen.add((each.row_id, each.teacher))
        count = counts.setdefault(each.teacher, [0, 0])
        count[0] += 1
        count[1] += bool(each.completion.strip())
    for teacher, (asked, answered) in counts.items():
        if not answered:
            raise DataError(
                f"the teacher {teacher!r} answers nothing",
                where=where,
                why=f"all of its {asked} completions are empty",
                fix="look at its prompt and sampling, or take it out of the pool",
            )


def route(pool: Sequence[PooledCompletion], routing: Routing, *, where: str = "") -> list[PooledCompletion]:
    """Return the completion to learn from for each prompt, in the order of the prompts.

    An empty completion is never chosen. A prompt has no completion where all teachers, or the one that the router
    names, have answered nothing; it is left out.

    Args:
        pool: The completions; with rewards for ``reward`` and ``learned``.
        routing: The router.
        where: The stage, for messages.

    Raises:
        DataError: Nothing is left, or rewards are missing.
        ExperimentError: The router lacks a setting.
        UnknownNameError: It names a teacher that does not exist.
    """
    check_pool(pool, where=where)
    prompts: dict[str, list[PooledCompletion]] = {}
    for each in pool:
        answers = prompts.setdefault(each.row_id, [])
        if each.completion.strip():
            answers.append(each)
    named = _named_teachers(pool, prompts, routing, where)
    chosen = [
        answer for row_id, answers in prompts.items() for answer in answers if answer.teacher == named.get(row_id)
    ]
    if not chosen:
        raise DataError(
            "the router chooses no completion",
            where=where,
            why="no teacher that it names has answered a prompt",
            fix="name another teacher, or use `router: reward`",
        )
    return chosen


def training_rows(chosen: Sequence[PooledCompletion], source: str) -> list[TrainingRow]:
    """Return rows to train on; their source is ``<source>:<teacher>``.

    Args:
        chosen: Of :func:`route`.
        source: Name of the stage.
    """
    return [
        TrainingRow(each.row_id, f"{source}:{each.teacher}", each.language, each.prompt, each.completion, each.licence)
        for each in chosen
    ]


def best_teachers(pool: Sequence[PooledCompletion], seed: int) -> dict[str, str]:
    """Return the teacher with the highest reward for each prompt that anybody has answered.

    Of equal rewards, the teacher is drawn by the seed and the prompt, so that none profits from its place in the pool.

    Raises:
        DataError: A completion has no reward.
    """
    best: dict[str, list[PooledCompletion]] = {}
    for each in pool:
        if not each.completion.strip():
            continue
        if each.reward is None:
            raise DataError("the pool has no rewards", why=f"{each.row_id} has none", fix="score the pool first")
        leaders = best.setdefault(each.row_id, [each])
        if leaders[0] is each:
            continue
        previous = leaders[0].reward
        if previous is None or each.reward > previous:
            best[each.row_id] = [each]
        elif each.reward == previous:
            leaders.append(each)
    return {row_id: min(leaders, key=lambda each: _draw(each, seed)).teacher for row_id, leaders in best.items()}


def teacher_table(pool: Sequence[PooledCompletion], chosen: Sequence[PooledCompletion]) -> pd.DataFrame:
    """Return who won where: one row for each language and teacher.

    Args:
        pool: All completions.
        chosen: Of :func:`route`.

    Returns:
        ``language``, ``teacher``, ``prompts`` (that it was asked), ``empty``, ``chosen``, ``share`` (of the language's
        chosen completions), ``mean_reward`` and ``mean_characters`` (of what it wrote, whether chosen or not). Length
        stands beside reward, since arbiters tend to prefer one of two lengths.
    """
    frame = pd.DataFrame(
        [
            (each.language, each.teacher, not each.completion.strip(), each.reward, len(each.completion))
            for each in pool
        ],
        columns=["language", "teacher", "empty", "reward", "characters"],
    )
    frame["reward"] = frame["reward"].astype(float)
    written = frame[~frame["empty"]].groupby(["language", "teacher"])
    table = frame.groupby(["language", "teacher"], as_index=False).agg(
        prompts=("empty", "size"), empty=("empty", "sum")
    )
    keys = pd.MultiIndex.from_frame(table[["language", "teacher"]])
    wins = pd.Series([(each.language, each.teacher) for each in chosen]).value_counts()
    table["chosen"] = [int(wins.get(key, 0)) for key in keys]
    totals = table.groupby("language")["chosen"].transform("sum")
    table["share"] = (table["chosen"] / totals).where(totals > 0)
    table["mean_reward"] = written["reward"].mean().reindex(keys).to_numpy()
    table["mean_characters"] = written["characters"].mean().reindex(keys).to_numpy()
    return table


def render_teacher_table(table: pd.DataFrame) -> str:
    """Return the shares of :func:`teacher_table` as Markdown: languages down, teachers across, best in bold."""
    shares = table.pivot_table(index="language", columns="teacher", values="share", dropna=False)
    counts = dict(table.groupby("language")["chosen"].sum())
    lines = [
        "| language | prompts | " + " | ".join(shares.columns) + " |",
        "| --- | ---: |" + " ---: |" * len(shares.columns),
    ]
    for language, row in shares.iterrows():
        best = row.max()
        cells = ["" if math.isnan(value) else f"**{value:.0%}**" if value == best else f"{value:.0%}" for value in row]
        lines.append(f"| {language} | {counts[language]} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _named_teachers(
    pool: Sequence[PooledCompletion],
    prompts: Mapping[str, Sequence[PooledCompletion]],
    routing: Routing,
    where: str,
) -> dict[str, str]:
    """Return the teacher that the router names for each prompt."""
    teachers = list(dict.fromkeys(each.teacher for each in pool))
    languages = {each.row_id: each.language for each in pool}
    match routing.router:
        case Router.REWARD:
            return best_teachers(pool, routing.seed)
        case Router.LEARNED:
            texts = {each.row_id: each.prompt for each in pool}
            wins = best_teachers(pool, routing.seed)
            return cross_fitted_teachers(texts, languages, wins, routing.seed, where=where)
        case Router.RANDOM:
            drawn = {
                row_id: sorted(answers, key=lambda each: _draw(each, routing.seed))
                for row_id, answers in prompts.items()
            }
            return {row_id: answers[0].teacher for row_id, answers in drawn.items() if answers}
        case Router.SINGLE:
            if routing.teacher is None:
                raise ExperimentError(
                    "the router `single` needs a teacher", where=where, fix=f"set `teacher: {teachers[0]}`"
                )
            _check_teacher(routing.teacher, teachers, where)
            return dict.fromkeys(prompts, routing.teacher)
        case Router.FIXED:
            fixed = routing.by_language or {}
            for teacher in fixed.values():
                _check_teacher(teacher, teachers, where)
            missing = sorted(set(languages.values()) - set(fixed))
            if missing:
                raise ExperimentError(
                    f"the router `fixed` has no teacher for {', '.join(missing)}",
                    where=where,
                    fix="name one for each language in `by_language`",
                )
            return {row_id: fixed[language] for row_id, language in languages.items()}


def _check_teacher(teacher: str, teachers: Sequence[str], where: str) -> None:
    if teacher not in teachers:
        raise unknown("teacher", teacher, teachers, where=where)


def _draw(each: PooledCompletion, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\0{each.row_id}\0{each.teacher}".encode("utf-8", "backslashreplace")).digest()
