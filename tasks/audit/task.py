"""The audit of a task: its card, and the items of every language that can be read here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from polyarena.tasks.audit.card import audit_card, is_listed
from polyarena.tasks.audit.content import content_check
from polyarena.tasks.audit.field_coverage import FieldCoverage
from polyarena.tasks.audit.finding import Finding, Severity, ordered, shown
from polyarena.tasks.audit.items import audit_items
from polyarena.tasks.audit.language_check import language_check
from polyarena.tasks.audit.metrics import audit_metrics
from polyarena.tasks.audit.overlap import Overlap
from polyarena.tasks.audit.parallel import Parallel
from polyarena.tasks.audit.source import AuditSource, DataAbsentError, Read
from polyarena.tasks.card import TaskCard
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import HiddenAnswersError, NotOnHubError, PolyarenaError
from polyarena.tasks.hooks import templates_of, variant_of
from polyarena.tasks.identify import can_identify
from polyarena.tasks.protocol import Task

VARIANT_LANGUAGES = 3
"""Number of languages in which further templates of a task are checked; the data is the same."""


def audit_task(task: Task, data: AuditSource, training: Overlap | None = None) -> list[Finding]:
    """Audit one task in all of its languages, and its other templates in a few.

    Args:
        task: The task.
        data: Where its data sets are read from; missing languages are noted and skipped.
        training: Training texts to check for overlap; ``None`` skips that check.

    Returns:
        The findings, the worst first. Errors of a task are findings and do not raise.
    """
    found = [*audit_card(task.card), *audit_metrics(task.card)]
    found += _Visit(task, data, training).findings(task.card.languages)
    for name in templates_of(task)[1:]:
        variant = variant_of(task, name)
        absent = {"data-absent", "language-absent", "language-not-checked"}
        visit = _Visit(variant, data, None)
        found += [each for each in visit.findings(task.card.languages[:VARIANT_LANGUAGES]) if each.check not in absent]
    return ordered(found)


@dataclass
class _Visit:
    """One pass over the languages of a task; holds the items of one language at a time."""

    task: Task
    data: AuditSource
    training: Overlap | None
    absent: dict[str, str] = field(default_factory=dict)
    reads: Sequence[Read] = ()
    showing: FieldCoverage = field(default_factory=FieldCoverage)
    parallel: Parallel = field(default_factory=Parallel)

    @property
    def card(self) -> TaskCard:
        return self.task.card

    def findings(self, languages: Sequence[str]) -> Iterator[Finding]:
        for language in languages:
            yield from self._language(language)
        yield from self.showing.findings(self.card)
        yield from self.parallel.findings(self.card)
        yield from self._absent(languages)
        read = [language for language in languages if language not in self.absent]
        unknown = [language for language in read if not (is_listed(language) and can_identify(language))]
        if unknown:
            message = f"the identifier does not know {count_of(len(unknown), 'language')}: checked by script only"
            yield Finding("language-not-checked", Severity.NOTE, self.card.name, "", message, tuple(unknown[:5]))

    def _language(self, language: str) -> Iterator[Finding]:
        self.data.reads.clear()
        try:
            items = list(self.task.items(language, self.data))
        except (DataAbsentError, NotOnHubError) as error:
            self.absent[language] = error.what
            return
        except HiddenAnswersError as error:
            # The fault of the copy here, not of the task: it has to be fixed, and it hides the items from the audit.
            message = f"the items could not be checked: {error.what}"
            yield Finding("hidden-answers", Severity.WARNING, self.card.name, language, message, shown([error.fix]))
            return
        except PolyarenaError as error:
            yield self._broken(language, error.what, f"{error.where} {error.why}")
            return
        # A plugin may raise anything; the audit goes on with the next language.
        except Exception as error:  # noqa: BLE001
            yield self._broken(language, f"{type(error).__name__}: {error}", "")
            return
        if not items:
            yield self._broken(language, "there are no items", "")
            return
        # A task that keeps what it read for several languages asks for it once.
        self.reads = list(self.data.reads) or self.reads
        yield from audit_items(self.card, language, items)
        if is_listed(language):
            yield from language_check(self.card, language, items)
        yield from content_check(self.card, language, items, self.reads)
        self.showing.look(language, items, self.reads)
        self.parallel.look(language, items)
        if self.training is not None:
            yield from self.training.compare(self.card, language, items)

    def _broken(self, language: str, what: str, example: str) -> Finding:
        message = f"the items cannot be read: {what}"
        return Finding(
            "unreadable-items", Severity.ERROR, self.card.name, language, message, shown([example] * bool(example))
        )

    def _absent(self, languages: Sequence[str]) -> Iterator[Finding]:
        if not self.absent:
            return
        names, reason = sorted(self.absent), next(iter(self.absent.values()))
        if len(names) == len(languages) and not self.data.has(self.card.dataset):
            message = f"the items could not be checked: {reason}"
            yield Finding("data-absent", Severity.NOTE, self.card.name, "", message)
        else:
            message = f"missing from the data set: {len(names)} of the card's {count_of(len(languages), 'language')}"
            severity = Severity.WARNING if self.data.root else Severity.NOTE
            yield Finding("language-absent", severity, self.card.name, "", message, shown(names))


def audit_tasks(tasks: Sequence[Task], data: AuditSource, training: Overlap | None = None) -> list[Finding]:
    """Audit several tasks; see :func:`audit_task`."""
    return ordered(finding for task in tasks for finding in audit_task(task, data, training))
