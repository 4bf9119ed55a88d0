"""Fills the template."""

from __future__ import annotations

import unicodedata
from base64 import b64encode
from collections import Counter
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from polyarena.reports.labels import language_label
from polyarena.reports.page.content import Figure, PageContent, TaskInfo
from polyarena.reports.page.headlines import headline
from polyarena.reports.page.views import category_views, language_view, level_views
from polyarena.reports.stats.outcome import Outcome
from polyarena.reports.tables import MOST_TABLES, Section, sections
from polyarena.reports.template_names import is_over_templates

MOST_OPEN = 6
"""Figures, tables or results of one kind that are shown at once; of more, each is opened by the reader."""

MOST_EMBEDDED = 12 * 2**20
"""Bytes of figures that the page holds; more are read from the files beside it, as the reader comes to them."""


def page(content: PageContent) -> str:
    """Return the page as HTML: one file that runs no script, holds no date and asks for nothing from elsewhere.

    Figures are inside it, unless they are more than :data:`MOST_EMBEDDED`; then it shows the files beside it. All texts
    are escaped, including names, notes and what judges say of themselves; control characters and lone surrogates become
    U+FFFD, so that the page can always be written as UTF-8.

    Args:
        content: What to show.
    """
    parts = list(sections(content.estimates))
    shown = [part for part in parts if not part.detail and not is_over_templates(part.metric, "mean")]
    said = [found for part in shown if (found := headline(part))]
    compared = [result for result in said if result.outcome]
    many = len(compared) > MOST_TABLES
    if many:
        # Of hundreds of comparisons only what is known stands first; all of them are in the tables.
        compared = [result for result in compared if result.outcome != Outcome.INCONCLUSIVE]
    embedded = sum(len(image) for figure in content.figures for image in figure.images) <= MOST_EMBEDDED
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    html = environment.from_string(_resource("page.html.j2")).render(
        content=content,
        style=_resource("page.css"),
        compared=compared[:MOST_TABLES],
        uncompared=len([result for result in said if result.outcome]) - len(compared[:MOST_TABLES]),
        scored=[result for result in said if not result.outcome],
        levels=level_views(parts),
        categories=category_views(parts),
        tables=[
            language_view(part, f"table-{i}")
            for i, part in enumerate(_ordered([part for part in parts if not (many and part.baseline)]), 1)
        ],
        most_open=MOST_OPEN,
        sources=lambda figure: _sources(figure, embedded=embedded),
        provenance=_provenance,
        label=language_label,
    )
    return "".join(_clean(c) for c in html)


def _resource(name: str) -> str:
    return files("polyarena.reports.page").joinpath(name).read_text(encoding="utf-8")


def _ordered(parts: list[Section]) -> list[Section]:
    """Put single prompt templates last: they are details."""
    return sorted(parts, key=lambda part: part.detail)


def _sources(figure: Figure, *, embedded: bool) -> list[str]:
    """Return what the images of a figure are read from: the page itself, or the files beside it."""
    beside = [name for name in figure.files if name.endswith(".svg")]
    if len(beside) == len(figure.images) and not embedded:
        return beside
    return ["data:image/svg+xml;base64," + b64encode(image).decode("ascii") for image in figure.images]


def _provenance(tested: TaskInfo) -> str:
    counts = Counter(str(kind) for kind in tested.card.provenance.values())
    return ", ".join(f"{kind}: {n} language{'s' if n != 1 else ''}" for kind, n in sorted(counts.items()))


def _clean(character: str) -> str:
    unwanted = unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t"
    return "\N{REPLACEMENT CHARACTER}" if unwanted else character
