"""One plain page that holds a whole run: self-contained, without scripts, readable on a phone and on paper."""

from polyarena.reports.page.answers import AnswerCount, LanguageCount, answer_counts, language_counts
from polyarena.reports.page.content import Judging, PageContent, Picture, Played, Sheet, Tested
from polyarena.reports.page.render import page

__all__ = [
    "AnswerCount",
    "Judging",
    "LanguageCount",
    "PageContent",
    "Picture",
    "Played",
    "Sheet",
    "Tested",
    "answer_counts",
    "language_counts",
    "page",
]
