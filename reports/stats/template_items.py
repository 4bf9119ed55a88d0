"""Scores of items averaged over the prompt templates of a task, so that whatever takes scores also takes templates."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from polyarena.reports.template_names import over_templates
from polyarena.tasks.signature import Signature

_ITEM = ["metric", "system", "language", "source_id", "item_id"]


def template_items(scores: pd.DataFrame, families: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    """Return one score for each item of each task that was asked with two templates or more: the mean over them.

    The mean over items of these is the mean over templates of
    :func:`polyarena.reports.stats.templates.template_scores`, on the same items; comparisons of two systems and
    evenness over languages are then those of any other metric. A median over templates has no such items.

    Args:
        scores: Rows of :class:`polyarena.tasks.records.Score`, in any order.
        families: The family and the template of each task that is a template of a family, by task.

    Returns:
        Rows of the same columns whose task is the family and whose metric is such as ``acc (mean of 5 templates)``; of
        items that a system answered in all templates. Metrics of a corpus, which are no means over items, are left out.
        Empty without such a family.
    """
    plain = scores[scores["statistics"].isna()] if "statistics" in scores else scores
    known = plain.assign(family=[families.get(str(task), ("", ""))[0] for task in plain["task"]])
    found = [scores.head(0)]
    for family, rows in known[known["family"] != ""].groupby("family", sort=True):
        asked = rows["task"].nunique()
        if asked < 2:
            continue
        # Samples of a template first: each template weighs the same.
        each = rows.groupby([*_ITEM, "task"], sort=True).agg(value=("value", "mean"), signature=("signature", "first"))
        items = each.reset_index().groupby(_ITEM, sort=True)
        means = items.agg(value=("value", "mean"), signature=("signature", "first"), templates=("task", "nunique"))
        whole = means[means["templates"] == asked].reset_index().drop(columns="templates")
        named = whole.assign(
            task=str(family),
            sample_index=0,
            metric=[over_templates(str(metric), "mean", asked) for metric in whole["metric"]],
            signature=[str(Signature.parse(each).with_(mean=f"{asked} templates")) for each in whole["signature"]],
        )
        found.append(named.reindex(columns=scores.columns))
    filled = [part for part in found if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else found[0]
