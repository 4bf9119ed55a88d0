"""Fills the template."""

from __future__ import annotations

import hashlib
import math
import re
from base64 import b64encode
from collections import Counter
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from polyarena.reports.labels import language_label
from polyarena.reports.page.content import Figure, PageContent, Table, TaskInfo
from polyarena.reports.page.headlines import finding, headline
from polyarena.reports.page.methods import methods_sentences
from polyarena.reports.page.references import references
from polyarena.reports.page.views import category_views, language_view, level_views
from polyarena.reports.stats.outcome import Outcome
from polyarena.reports.tables import MOST_TABLES, Section, sections
from polyarena.reports.template_names import is_over_templates

_CODE = re.compile(r"`([^`]{1,200})`")
_INTERVAL = re.compile(r"\[[^\[\]]*\]")

MOST_OPEN = 6
"""Figures, tables or results of one kind that are shown at once; of more, each is opened by the reader."""

MOST_ROWS = 100
"""Rows of a table that is shown at once; a longer one is opened by the reader."""

MOST_COLUMNS = 9
"""Columns of a table at the usual size; one with more is set smaller and may be wider than the text."""

MOST_NAMED = 12
"""Systems or languages that the summary of what was compared names."""

_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters (Unicode's Cc, but for tabs and line ends) and lone surrogates (Cs)."""

MOST_EMBEDDED = 12 * 2**20
"""Bytes of figures that the page holds; more are read from the files beside it, as the reader comes to them."""


def page(content: PageContent) -> str:
    """Return the page as HTML: one file without script, date or request; its content security policy forbids any.

    Figures are inside it, unless they are more than :data:`MOST_EMBEDDED`; then it shows the files beside it. All texts
    are escaped, including names, notes and what judges say of themselves; control characters and lone surrogates become
    U+FFFD, so that the page can always be written as UTF-8.

    Args:
        content: What to show.
    """
    parts = list(sections(content.estimates, [system.name for system in content.systems]))
    shown = [part for part in parts if not part.detail and not is_over_templates(part.metric, "mean")]
    found = finding(shown, content.rankings)
    said = [result for part in shown if (result := headline(part)) and result != found]
    compared = [result for result in said if result.outcome]
    if len(compared) > MOST_OPEN:
        compared.sort(key=lambda result: -(result.value or 0.0))
    many = len(compared) > MOST_TABLES
    if many:
        # Of hundreds of comparisons only what is known stands first; all of them are in the tables.
        compared = [result for result in compared if result.outcome != Outcome.INCONCLUSIVE]
    embedded = sum(len(image) for figure in content.figures for image in figure.images) <= MOST_EMBEDDED
    style = _resource("page.css")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["coded"] = _coded
    environment.filters["whole"] = _whole
    environment.filters["breakable"] = _breakable
    html = environment.from_string(_resource("page.html.j2")).render(
        content=content,
        style=style,
        style_hash=csp_hash(style),
        finding=found,
        compared_facts=_compared(content),
        methods=methods_sentences(content),
        references=references(content),
        licences=_licences(content),
        suffix=lambda file: file.partition(".")[2].rpartition(".")[2].upper(),
        compared=compared[:MOST_TABLES],
        uncompared=len([result for result in said if result.outcome]) - len(compared[:MOST_TABLES]),
        scored=[result for result in said if not result.outcome],
        levels=level_views([part for part in parts if part.n_languages > 1]),
        categories=category_views(parts),
        tables=[
            language_view(part, f"table-{i}")
            for i, part in enumerate(_ordered([part for part in parts if not (many and part.baseline)]), 1)
        ],
        most_open=MOST_OPEN,
        most_rows=MOST_ROWS,
        most_columns=MOST_COLUMNS,
        wide_average=_wide_average(parts),
        sources=lambda figure: _sources(figure, embedded=embedded),
        provenance=_provenance,
        label=language_label,
    )
    return _UNWANTED.sub("\N{REPLACEMENT CHARACTER}", html)


def csp_hash(text: str) -> str:
    """Return how a content security policy names an inline style or script.

    Args:
        text: All that stands between the tags.
    """
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"


def _compared(content: PageContent) -> list[tuple[str, str]]:
    """Return what was compared, as terms with a text each."""
    own = content.estimates[content.estimates["level"] == "language"]
    names = [system.name for system in content.systems if system.role != "baseline"]
    baselines = [system.name for system in content.systems if system.role == "baseline"]
    facts = [("System" if len(names) == 1 else "Systems", _several(names))] if names else []
    facts += [("Baseline", _several(baselines))] if baselines else []
    facts += [("Tasks" if len(content.tasks) != 1 else "Task", _several([task.card.title for task in content.tasks]))]
    facts = [(term, text) for term, text in facts if text]
    codes = list(dict.fromkeys(map(str, own["group"])))
    if codes:
        facts.append(("Languages" if len(codes) > 1 else "Language", _several([language_label(c).name for c in codes])))
        counts = sorted({int(n) for n in own["n"]})
        some = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
        facts.append(("Items per language", some))
    facts += [("Judge" if len(content.judges) == 1 else "Judges", _several([judge.name for judge in content.judges]))]
    return [(term, text) for term, text in facts if text]


def _several(names: list[str]) -> str:
    """Join names; of many, the first are named and all are counted."""
    return ", ".join(names) if len(names) <= MOST_NAMED else f"{len(names)}: {', '.join(names[:MOST_NAMED])} and more"


def _coded(text: str) -> Markup:
    """Return a sentence with what stands in backticks, as in the terminal, set as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))


def _whole(text: object) -> Markup:
    """Return the text of a cell that may be broken into lines, but not inside of an interval."""
    return Markup(_INTERVAL.sub(r'<span class="whole">\g<0></span>', str(escape(text))))


def _breakable(text: object) -> Markup:
    """Return the head of a column that may be broken after the underscores of an identifier."""
    return Markup(str(escape(text)).replace("_", "_<wbr>"))


def _wide_average(parts: list[Section]) -> str:
    """Return whose average over all languages has a wider interval than each of its languages; of many, the first."""
    for part in parts:
        own = part.estimates.assign(width=part.estimates["high"] - part.estimates["low"])
        widest = own[own["level"] == "language"].groupby("system")["width"].max()
        averages = own[own["level"] == "macro"].set_index("system")["width"]
        for system, width in averages.items():
            if width > widest.get(system, math.inf):
                return f"that of {system} on {part.task}"
    return ""


def _licences(content: PageContent) -> Table:
    rows = tuple((each.kind, each.name, each.licence, each.source) for each in content.licences)
    return Table("Licences", ("Kind", "Name", "Licence", "Source"), rows, texts=4)


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
