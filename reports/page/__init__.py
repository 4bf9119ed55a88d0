"""One plain page that holds a whole run: self-contained, without scripts, readable on a phone and on paper."""

from polyarena.reports.page.content import (
    Figure,
    JudgeInfo,
    Licence,
    PageContent,
    Reproduction,
    SystemInfo,
    Table,
    TaskInfo,
)
from polyarena.reports.page.off_target import (
    OffTargetByLanguage,
    OffTargetCount,
    off_target_by_language,
    off_target_counts,
)
from polyarena.reports.page.render import page

__all__ = [
    "Figure",
    "JudgeInfo",
    "Licence",
    "OffTargetByLanguage",
    "OffTargetCount",
    "PageContent",
    "Reproduction",
    "SystemInfo",
    "Table",
    "TaskInfo",
    "off_target_by_language",
    "off_target_counts",
    "page",
]
