"""The stage ``preferences``: the completion with the highest reward against the lowest, for each prompt of a pool."""

from __future__ import annotations

import json

from polyarena.harness.stages.files import PAIRS, RESULTS, read_pool, write_json, write_records
from polyarena.harness.stages.pipeline.data_stages import PreferencesStage
from polyarena.harness.stages.preferences import pairs_of_pool
from polyarena.harness.stages.protocol import StageContext


def run(stage: PreferencesStage, context: StageContext) -> None:
    """Pair the completions and write the pairs, with the lengths of both sides.

    Raises:
        DataError: No two completions of a prompt differ in reward.
    """
    found = pairs_of_pool(
        read_pool(context.inputs[stage.pool]), stage.name, least_gap=stage.least_gap, where=stage.name
    )
    write_records(context.folder / PAIRS, found.pairs)
    lengths = json.loads(found.lengths().to_json(orient="records"))
    write_json(
        context.folder / RESULTS, {"pairs": len(found.pairs), "left_out": dict(found.left_out), "lengths": lengths}
    )
