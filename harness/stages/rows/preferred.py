"""The stage ``preferences``: the completion with the highest reward against the lowest, for each prompt of a pool."""

from __future__ import annotations

from statistics import mean

from polyarena.harness.stages.files import PAIRS, RESULTS, read_pool, write_json, write_records
from polyarena.harness.stages.pipeline.data_stages import PreferencesStage
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.records import PooledCompletion, Preference
from polyarena.tasks.errors import DataError


def run(stage: PreferencesStage, context: StageContext) -> None:
    """Pair the completions and write the pairs.

    Raises:
        DataError: No two completions of a prompt differ in reward.
    """
    prompts: dict[str, list[PooledCompletion]] = {}
    for each in read_pool(context.inputs[stage.pool]):
        if each.reward is not None:
            prompts.setdefault(each.row_id, []).append(each)
    pairs = []
    for answers in prompts.values():
        written = [each for each in answers if each.completion.strip()]
        if not written:
            continue
        best = max(written, key=lambda each: each.reward or 0.0)
        worst = min(answers, key=lambda each: each.reward or 0.0)
        gap = (best.reward or 0.0) - (worst.reward or 0.0)
        if gap > 0 and gap >= stage.least_gap and best.completion != worst.completion:
            pairs.append(
                Preference(
                    best.row_id, best.language, best.prompt, best.completion, worst.completion,
                    best.reward, worst.reward, stage.name,
                )
            )  # fmt: skip
    if not pairs:
        raise DataError("no two completions of a prompt differ in reward", where=stage.name, fix="lower `least_gap`")
    write_records(context.folder / PAIRS, pairs)
    longer = mean(
        (len(pair.chosen) > len(pair.rejected)) + 0.5 * (len(pair.chosen) == len(pair.rejected)) for pair in pairs
    )
    results = {"pairs": len(pairs), "prompts": len(prompts), "chosen_is_longer": longer}
    write_json(context.folder / RESULTS, results)
