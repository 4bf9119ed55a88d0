"""Preference pairs: of a pool of teachers by reward, and of a strong model's answer against a translated weaker one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from polyarena.harness.stages.records import PooledCompletion, Preference
from polyarena.tasks.errors import DataError, ModelError
from polyarena.tasks.identify import Agreement, agreement, identify
from polyarena.tasks.mixtures.records import TrainingRow

Translate = Callable[[Sequence[str], str], Sequence[str]]
"""Translates texts into a ``lang_Script``."""


@dataclass(frozen=True, slots=True)
class PreferencePairs:
    """Pairs, and the prompts that gave none.

    Attributes:
        pairs: In the order of the prompts.
        left_out: Prompts without a pair, by reason.
    """

    pairs: tuple[Preference, ...]
    left_out: Mapping[str, int]

    def lengths(self) -> pd.DataFrame:
        """Return how long chosen and rejected completions are: one row for each language.

        Returns:
            ``language``, ``pairs``, ``chosen_characters``, ``rejected_characters`` (means) and ``chosen_longer``, the
            share of pairs whose chosen completion is longer, half for equal ones. Far from 0.5, a policy learns length.
        """
        frame = pd.DataFrame(
            [(pair.language, len(pair.chosen), len(pair.rejected)) for pair in self.pairs],
            columns=["language", "chosen_characters", "rejected_characters"],
        )
        difference = frame["chosen_characters"] - frame["rejected_characters"]
        frame["chosen_longer"] = (difference > 0) + 0.5 * (difference == 0)
        table = frame.groupby("language").mean()
        table.insert(0, "pairs", frame.groupby("language").size())
        return table.reset_index()


def pairs_of_pool(
    pool: Sequence[PooledCompletion], source: str, *, least_gap: float = 0.0, where: str = ""
) -> PreferencePairs:
    """Pair the completion with the highest reward of each prompt with the one with the lowest.

    An empty completion may be rejected but is never chosen: the policy learns to answer.

    Args:
        pool: With rewards.
        source: Of the pairs.
        least_gap: Prompts whose rewards differ by less give no pair; with 0 those that differ at all give one.
        where: The stage, for messages.

    Raises:
        DataError: A completion has no reward, or no prompt gives a pair.
    """
    prompts: dict[str, list[PooledCompletion]] = {}
    for each in pool:
        if each.reward is None:
            raise DataError(
                "the pool has no rewards", where=where, why=f"{each.row_id} has none", fix="score the pool first"
            )
        prompts.setdefault(each.row_id, []).append(each)
    pairs, left_out = [], Counter[str]()
    for answers in prompts.values():
        written = [each for each in answers if each.completion.strip()]
        if len(answers) < 2 or not written:
            left_out["fewer than two completions" if len(answers) < 2 else "all empty"] += 1
            continue
        best, worst = max(written, key=_reward), min(answers, key=_reward)
        gap = _reward(best) - _reward(worst)
        if gap <= 0 or gap < least_gap:
            left_out["rewards too close"] += 1
        elif best.completion == worst.completion:
            left_out["equal completions"] += 1
        else:
            pairs.append(
                Preference(
                    best.row_id,
                    best.language,
                    best.prompt,
                    best.completion,
                    worst.completion,
                    best.reward,
                    worst.reward,
                    source,
                )
            )
    return _some_pairs(pairs, left_out, where)


def translated_weaker_pairs(
    prompts: Sequence[TrainingRow],
    strong: Mapping[str, str],
    weaker: Mapping[str, str],
    translate: Translate,
    source: str,
    *,
    where: str = "",
) -> PreferencePairs:
    """Pair a strong model's answer in the language with the translation of a weaker model's English answer.

    The policy is pushed away from translationese and towards the better model at once (Dang et al. 2024, *RLHF Can
    Speak Many Languages*, arXiv 2407.02552).

    Args:
        prompts: In their languages; the completions of the rows are not used.
        strong: Of each prompt: the strong model's answer in the language of the prompt.
        weaker: Of each prompt: the weaker model's answer in English.
        translate: Translates the weaker answers.
        source: Of the pairs.
        where: The stage, for messages.

    Returns:
        Pairs without rewards. Left out are English prompts, which have nothing to translate, prompts that one of the
        models has not answered, answers of the strong model in another language, and translations that equal them.

    Raises:
        ModelError: The translator gives another number of texts.
        DataError: No prompt gives a pair.
    """
    left_out = Counter[str]()
    usable: dict[str, list[TrainingRow]] = {}
    for row in prompts:
        reason = _unusable(row, strong.get(row.row_id, ""), weaker.get(row.row_id, ""))
        if reason:
            left_out[reason] += 1
        else:
            usable.setdefault(row.language, []).append(row)
    pairs = {}
    for language, rows in usable.items():
        texts = list(translate([weaker[row.row_id] for row in rows], language))
        if len(texts) != len(rows):
            raise ModelError(f"the translator gave {len(texts)} texts for {len(rows)}", where=where or language)
        for row, text in zip(rows, texts, strict=True):
            chosen = strong[row.row_id]
            if not text.strip() or text.strip() == chosen.strip():
                left_out["empty or equal translation"] += 1
            else:
                pairs[row.row_id] = Preference(row.row_id, language, row.prompt, chosen, text, None, None, source)
    return _some_pairs([pairs[row.row_id] for row in prompts if row.row_id in pairs], left_out, where)


def _unusable(row: TrainingRow, strong: str, weaker: str) -> str | None:
    if row.language == "eng_Latn":
        return "English"
    if not strong.strip() or not weaker.strip():
        return "no answer of the strong model" if not strong.strip() else "no answer of the weaker model"
    wrong = agreement(identify(strong), row.language) in (Agreement.OTHER_LANGUAGE, Agreement.OTHER_SCRIPT)
    return "strong answer in another language" if wrong else None


def _some_pairs(pairs: Sequence[Preference], left_out: Counter[str], where: str) -> PreferencePairs:
    if not pairs:
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.most_common())
        raise DataError(
            "no prompt gives a preference pair",
            where=where,
            why=reasons or "there are no prompts",
            fix="lower `least_gap`, sample more completions, or give more prompts",
        )
    return PreferencePairs(tuple(pairs), dict(left_out))


def _reward(each: PooledCompletion) -> float:
    return each.reward if each.reward is not None else 0.0
