"""The watch for reward hacking: what changes beside the reward, and when that is too much.

A policy can raise its reward by longer answers, by repeating itself, or by leaving the language of the question. Each
is measured on the same held-out prompts before the first and after every round, beside the reward and beside a judge.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import mean, stdev
from typing import Any

from polyarena.harness.stages.pipeline.training_stages import WatchSettings
from polyarena.judges.rules.settings import RulesSettings
from polyarena.tasks.identify import MIN_PROBABILITY, Agreement, agreement, can_identify, identify
from polyarena.tasks.repetition import loop_turns, repeated_share


@dataclass(frozen=True, slots=True)
class SampleFacts:
    """What is known of one completion to a held-out prompt.

    Attributes:
        language: ``lang_Script`` that is expected.
        text: The completion.
        tokens: Its length.
        ended: Whether it ended by itself.
        reward: By the arbiters.
        judge: By the rules judge: 0 is best, -1 an empty answer.
    """

    language: str
    text: str
    tokens: int
    ended: bool
    reward: float
    judge: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A policy on the held-out prompts.

    Attributes:
        reward: Mean.
        reward_sd: Standard deviation over prompts of their mean reward.
        judge: Mean score of the rules judge.
        tokens: Mean length.
        ended: Share that ended by itself.
        repetition: Share that runs in circles.
        on_target: Share in the expected language, of those that can be told; ``None`` if none can.
        empty: Share without any text.
    """

    reward: float
    reward_sd: float
    judge: float
    tokens: float
    ended: float
    repetition: float
    on_target: float | None
    empty: float


def snapshot(facts: Sequence[SampleFacts], rewards_of_prompts: Sequence[float]) -> Snapshot:
    """Sum up the completions of a policy.

    Args:
        facts: One for each completion.
        rewards_of_prompts: The mean reward of each prompt.
    """
    told = [told for each in facts if (told := _in_language(each)) is not None]
    circles = RulesSettings()
    return Snapshot(
        reward=mean(each.reward for each in facts),
        reward_sd=stdev(rewards_of_prompts) if len(rewards_of_prompts) > 1 else 0.0,
        judge=mean(each.judge for each in facts),
        tokens=mean(each.tokens for each in facts),
        ended=mean(each.ended for each in facts),
        repetition=mean(
            repeated_share(each.text) > circles.max_repeated or loop_turns(each.text) >= circles.loop_times
            for each in facts
        ),
        on_target=mean(told) if told else None,
        empty=mean(not each.text.strip() for each in facts),
    )


def warnings(first: Snapshot, now: Snapshot, settings: WatchSettings) -> list[str]:
    """Return one sentence for each sign of reward hacking."""
    found = []
    if first.tokens > 0 and now.tokens > settings.longer * first.tokens:
        found.append(
            f"completions are {now.tokens / first.tokens:.1f} times as long as the first policy's "
            f"({now.tokens:.1f} against {first.tokens:.1f} tokens)"
        )
    if now.repetition > first.repetition + settings.repetition:
        found.append(f"{now.repetition:.0%} of completions run in circles, {first.repetition:.0%} before")
    if first.on_target is not None and now.on_target is not None and now.on_target < first.on_target - settings.drift:
        found.append(f"{now.on_target:.0%} of completions are in the expected language, {first.on_target:.0%} before")
    if now.reward > first.reward and now.judge < first.judge:
        found.append(
            f"the reward rises ({first.reward:.3f} to {now.reward:.3f}) and the rules judge's score falls "
            f"({first.judge:.3f} to {now.judge:.3f})"
        )
    return found


def paired_gain(before: Sequence[float], after: Sequence[float]) -> tuple[float, float]:
    """Return the mean gain of paired values and its standard error."""
    gains = [new - old for old, new in zip(before, after, strict=True)]
    error = stdev(gains) / math.sqrt(len(gains)) if len(gains) > 1 else 0.0
    return mean(gains), error


def as_plain(value: Snapshot) -> dict[str, Any]:
    """Return a snapshot as plain data."""
    return asdict(value)


def _in_language(facts: SampleFacts) -> bool | None:
    if not facts.text.strip() or not can_identify(facts.language):
        return None
    verdict = agreement(identify(facts.text), facts.language, MIN_PROBABILITY)
    return None if verdict is Agreement.UNKNOWN else verdict is Agreement.SAME
