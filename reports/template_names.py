"""How estimates over several prompt templates are named, and told from those of a single template."""

from __future__ import annotations

import re

_NAME = re.compile(r"\A(?P<metric>.+) \((?P<statistic>median|mean) of (?P<many>\d+) templates\)")


def over_templates(metric: str, statistic: str, many: int) -> str:
    """Return the name of a metric over templates, such as ``acc (median of 5 templates)``."""
    return f"{metric} ({statistic} of {many} templates)"


def plain_metric(name: str) -> str:
    """Return the metric without what was taken over templates: ``acc`` for ``acc (median of 5 templates)``."""
    found = _NAME.fullmatch(name)
    return found["metric"] if found else name


def is_over_templates(name: str, statistic: str | None = None) -> bool:
    """Tell whether a metric's name is of an estimate over templates, and by which statistic."""
    found = _NAME.fullmatch(name)
    return found is not None and statistic in (None, found["statistic"])
