"""A gate's result as JUnit XML, in the dialect that GitHub, GitLab and Jenkins read.

A suite is a task (or ``averages``), a case is a check. A regression or a missing cell is a ``failure``; what cannot be
compared is an ``error``; an inconclusive check and a warning are ``skipped``, so that no reader counts them as passed.
"""

from __future__ import annotations

from xml.etree import ElementTree

from polyarena.reports.gate.result import GateResult, name_of, silence_of, span_of
from polyarena.reports.gate.settings import Action
from polyarena.reports.gate.verdict import Status, Verdict


def junit(result: GateResult) -> str:
    """Return the answer as an XML document."""
    excused = {id(each.verdict): each.reason for each in result.allowed}
    suites: dict[str, list[ElementTree.Element]] = {}
    for verdict in result.decision.verdicts:
        suites.setdefault(verdict.task or "averages", []).append(_case(verdict, excused.get(id(verdict))))
    for missing in result.missing:
        case = ElementTree.Element("testcase", classname=_classname("incomplete"), name=_plain(missing), time="0")
        ElementTree.SubElement(case, "error", message="no result is stored", type="incomplete").text = ""
        suites.setdefault("incomplete", []).append(case)
    for judge, games in result.silent.items():
        case = ElementTree.Element("testcase", classname=_classname("incomplete"), name=_plain(judge), time="0")
        message = _plain(silence_of(judge, games))
        ElementTree.SubElement(case, "error", message=message, type="incomplete").text = ""
        suites.setdefault("incomplete", []).append(case)
    root = ElementTree.Element("testsuites", name="polyarena gate")
    for name, cases in sorted(suites.items()):
        counts = {kind: sum(case.find(kind) is not None for case in cases) for kind in ("failure", "error", "skipped")}
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=_plain(name),
            tests=str(len(cases)),
            failures=str(counts["failure"]),
            errors=str(counts["error"]),
            skipped=str(counts["skipped"]),
            time="0",
        )
        suite.extend(cases)
    for kind, key in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        root.set(key, str(len(root.findall(f".//{kind}"))))
    root.set("tests", str(len(root.findall(".//testcase"))))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _case(verdict: Verdict, reason: str | None) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase", classname=_classname(verdict.task or "averages"), name=_plain(name_of(verdict)), time="0"
    )
    message = _plain(f"{verdict.status}: {span_of(verdict)}")
    status = Status(verdict.status)
    if status in (Status.REGRESSED, Status.MISSING) and verdict.action == Action.FAIL and reason is None:
        ElementTree.SubElement(case, "failure", message=message, type=verdict.status).text = _details(verdict)
    elif status is Status.INCOMPARABLE:
        ElementTree.SubElement(case, "error", message=message, type=verdict.status).text = _plain(verdict.note)
    elif status not in (Status.OK, Status.IMPROVED):
        ElementTree.SubElement(case, "skipped", message=f"{message} (allowed: {_plain(reason)})" if reason else message)
    return case


def _classname(task: str) -> str:
    """Return a class name; without dots, at which some readers would cut it."""
    return _plain(f"polyarena {task.replace('.', ' ')}")


def _details(verdict: Verdict) -> str:
    lines = [f"difference {span_of(verdict)}"]
    if verdict.baseline is not None and verdict.candidate is not None:
        lines.append(f"baseline {verdict.baseline:.4g}, candidate {verdict.candidate:.4g}")
    if verdict.p_adjusted is not None:
        lines.append(f"adjusted p-value {verdict.p_adjusted:.4g}, {verdict.n} paired items")
    return _plain("\n".join([*lines, verdict.note]).strip())


def _plain(text: str) -> str:
    """Return text without the characters that XML 1.0 has not."""
    return "".join(
        each
        if each in "\t\n\r" or " " <= each <= "\ud7ff" or "\ue000" <= each <= "\ufffd" or each >= "\U00010000"
        else "�"
        for each in text
    )
