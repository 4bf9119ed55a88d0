"""Implements ``run --fresh``: archives stored answers so that endpoints are asked again."""

from __future__ import annotations

from polyarena.harness.endpoints import CallCache, EndpointSettings
from polyarena.harness.planning import Plan
from polyarena.harness.planning.existing_results import cache_path
from polyarena.harness.store import outdate_shards


def archive_answers(plan: Plan) -> int:
    """Archive all answers of a plan's endpoints, so that systems and judges are asked again.

    Answers in the call cache are marked as outdated, so that a run that is killed and repeated without ``--fresh`` does
    not use them; shards move to ``archive/``. Make the plan again afterwards.

    Returns:
        The number of archived shards.

    Raises:
        StoreError: The folder or the call cache cannot be written.
    """
    folder = plan.folder
    with folder.write_access():
        with CallCache(cache_path(plan.experiment, folder)) as cache:
            for settings in _endpoints(plan):
                cache.mark_outdated(settings.model_source)
        paths = {folder.cell(cell.system, cell.task, cell.language) for cell in plan.cells if cell.billed}
        paths |= {
            folder.games(games.judge, games.candidate, games.baseline, games.task, games.language)
            for games in plan.games
            if games.billed
        }
        return sum(outdate_shards(path) for path in sorted(paths))


def _endpoints(plan: Plan) -> list[EndpointSettings]:
    systems = dict.fromkeys(cell.system for cell in plan.cells if cell.billed)
    return [
        *(EndpointSettings.model_validate(plan.system(name).spec.args) for name in systems),
        *(judge.spec.endpoint for judge in plan.judges if judge.spec.endpoint is not None),
    ]
