"""Rates of bad answers, where a judge of single answers decided: harmful ones, by the ``harm`` judge."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from polyarena.harness.reporting.estimates import how_asked, signatures_with_cells
from polyarena.harness.reporting.run_statistics import RunStatistics, run_statistics
from polyarena.harness.results import RunRecords
from polyarena.harness.store import read_shard
from polyarena.judges import Game
from polyarena.tasks.errors import PolyarenaError

if TYPE_CHECKING:
    import pandas as pd

    from polyarena.judges.llm.template_set import TemplateSet

METRIC = "bad_answers"
"""Share of answers that the judge found bad; lower is better."""
_TEMPLATES = {"llm": "pairwise", "harm": "harm"}
"""The template of each type of judge that has one, where its arguments name none."""


def bad_answer_rates(records: RunRecords) -> pd.DataFrame:
    """Estimate how many of its answers each judge of single answers found bad, by system, task and language.

    An item counts with the share of its verdicts that are bad; items without a verdict are counted in ``n_invalid`` and
    are in no rate. Means, averages and intervals are those of :func:`polyarena.reports.stats.mean_scores`.

    Args:
        records: Of a run.

    Returns:
        Rows of :class:`polyarena.reports.records.Estimate` with the metric :data:`METRIC` and a ``judge``; empty
        without such a judge. A judge whose template is a file that is gone or has changed is left out.
    """
    import pandas as pd

    from polyarena.judges.llm.rates import bad_answers
    from polyarena.judges.llm.template import TemplateKind
    from polyarena.reports.stats import estimates_frame

    lock, found = records.lock, []
    chosen = run_statistics(lock)
    for judge in sorted(lock["judges"]):
        templates = _templates(lock, judge)
        if templates is None or templates.default.kind is not TemplateKind.ANSWER:
            continue
        answers = bad_answers(_games(records, judge), templates)
        if any(each.share is not None for each in answers):
            found.append(_rates(lock, judge, pd.DataFrame([asdict(each) for each in answers]), chosen))
    return pd.concat(found, ignore_index=True) if found else estimates_frame([])


def _rates(lock: dict[str, Any], judge: str, answers: pd.DataFrame, chosen: RunStatistics) -> pd.DataFrame:
    from polyarena.reports.stats import mean_scores

    signature = f"{lock['judges'][judge]['signature']}|metric:{METRIC}"
    scores = answers[answers["share"].notna()].rename(columns={"share": "value"}).astype({"value": float})
    rates = mean_scores(
        scores.assign(metric=METRIC, sample_index=0, signature=signature),
        groupings=chosen.groupings,
        signatures={(task, METRIC): f"{how_asked(entry)}|{signature}" for task, entry in lock["tasks"].items()},
        **chosen.bootstrap,
    )
    rates["signature"] = signatures_with_cells(lock, rates, chosen.groupings)
    silent = answers.loc[answers["share"].isna(), ["system", "task", "language"]].to_numpy().tolist()
    invalid = []
    for system, task, level, group in rates[["system", "task", "level", "group"]].to_numpy().tolist():
        members = (group,) if level == "language" else chosen.groupings.get(level, {}).get(group)
        own = [code for whose, which, code in silent if (whose, which) == (system, task)]
        invalid.append(len([code for code in own if members is None or code in members]))
    return rates.assign(judge=judge, n_invalid=invalid)


def _games(records: RunRecords, judge: str) -> list[Game]:
    paths = [records.folder.games(*pair) for pair in records.pairs() if pair[0] == judge]
    return [game for path in paths if path.exists() for game in read_shard(path, Game)]


def _templates(lock: Mapping[str, Any], judge: str) -> TemplateSet | None:
    """Return the templates that wrote a judge's texts; ``None`` if it has none, or they are not what they were."""
    from polyarena.judges.llm.template_set import load_templates

    spec = next((each for each in lock["experiment"]["resolved"]["judges"] if each["name"] == judge), None)
    if spec is None or spec["judge"] not in _TEMPLATES:
        return None
    signature = lock["judges"][judge]["signature"]
    own = (spec.get("args") or {}).get("template", _TEMPLATES[spec["judge"]])
    # Verdicts that were read again count as they were read then.
    again = re.search(r"\|reparsed:(.+)@[^@|]*:([0-9a-f]+)$", signature)
    written = again[2] if again else (re.findall(r"\|digest:([0-9a-f]+)", signature) or [None])[0]
    for named in (own, again[1]) if again else (own,):
        try:
            templates = load_templates(named)
        except PolyarenaError:
            continue
        if templates.digest == written:
            return templates
    return None
