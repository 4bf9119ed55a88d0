"""``polyarena plan``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyarena.harness.cli.options import Json, Output
from polyarena.tasks.counts import count_of

if TYPE_CHECKING:
    from polyarena.harness.planning import CostEstimate, Plan


def command(experiment: Path, *, output: Output = None, json: Json = False) -> int:
    """Show cells, stored results, requests, tokens and price before anything is spent.

    Parameters
    ----------
    experiment
        The experiment file.
    output
        The run folder to compare with. Default: the experiment's `output`, else `runs/<name>`.
    json
        Print JSON: one row for each cell and each pair of cells to be judged.
    """
    from polyarena.harness.cli.output import print_json
    from polyarena.harness.planning import plan

    planned = plan(experiment, output=output)
    if json:
        print_json(as_data(planned))
    else:
        _print(planned)
    return 0


def as_data(planned: Plan) -> dict[str, Any]:
    """Return a plan as plain data."""
    from dataclasses import asdict

    from polyarena.harness.planning.judges import systems_of_same_family

    price = planned.price()
    return {
        "experiment": planned.experiment.name,
        "folder": str(planned.folder.path),
        "data": dict(planned.data),
        "cells": [asdict(cell) for cell in planned.cells],
        "games": [asdict(games) for games in planned.games],
        "unallocated": [asdict(games) for games in planned.unallocated],
        "unsupported": [{"system": system, "language": language} for system, language in planned.unsupported],
        "omissions": [each.model_dump(mode="json") for each in planned.omissions],
        "deviations": [each.model_dump(mode="json") for each in planned.deviations],
        "flags": [asdict(flag) for task in planned.tasks for flag in task.flags],
        "relatives": systems_of_same_family(planned.experiment),
        "price": None if price is None else asdict(price),
    }


def _in_flight(planned: Plan) -> Iterator[str]:
    """Yield what is said of the systems whose endpoints are asked at once, and of the judges that work meanwhile."""
    missing = dict.fromkeys(cell.system for cell in planned.missing_cells)
    systems = [planned.system(name) for name in missing]
    endpoints = {system.spec.name: system.type.endpoint(system.spec.args) for system in systems}
    widths = [f"{name} {endpoint.concurrency}" for name, endpoint in endpoints.items() if endpoint is not None]
    if widths:
        judges = sorted(planned.early_judges.intersection(games.judge for games in planned.games))
        meanwhile = f"; {', '.join(judges)} judge{'s' if len(judges) == 1 else ''} while they answer" if judges else ""
        yield f"asked at once, requests in flight: {', '.join(widths)}{meanwhile}"


def _print(planned: Plan) -> None:
    from polyarena.harness.cli.amounts import money
    from polyarena.harness.cli.omissions import omission_lines
    from polyarena.harness.cli.output import print_lines, print_table
    from polyarena.harness.planning.judges import same_family_warning, systems_of_same_family

    groups: dict[tuple[str, str], list[CostEstimate]] = {}
    for cell in planned.cells:
        groups.setdefault((cell.system, cell.task), []).append(cell)
    for pair in planned.games:
        who = f"{pair.judge} judges {pair.candidate} against {pair.baseline}"
        groups.setdefault((who, pair.task), []).append(pair)
    for rest in planned.unallocated:
        what = "pairs to be chosen" if planned.experiment.stop_when is None else "until decided, at most"
        groups.setdefault((f"{rest.judge} judges {what}", rest.task), []).append(rest)
    rows = [_row(*names, parts) for names, parts in groups.items()]
    print_table(
        f"{planned.experiment.name} in {planned.folder.path}",
        (
            "who",
            "task",
            "languages",
            "stored",
            "items",
            "requests",
            "cached",
            "prompt tokens",
            "answer tokens",
            "price",
        ),
        rows,
        right=range(2, 10),
        spare=(4, 8, 7, 6, 9, 2),
    )
    print_lines(*omission_lines(planned))
    languages = {language for _, language in planned.unsupported}
    if planned.unsupported:
        print_lines(
            f"skipped because a system does not list the language: {count_of(len(planned.unsupported), 'cell')} "
            f"in {count_of(len(languages), 'language')}"
        )
    if not planned.games and any(task.card.kind == "open_ended" for task in planned.tasks):
        print_lines(
            "open-ended answers will not be judged: judging needs `judges`, a `baseline` or `opponents`, and two "
            "systems that answer in the same language"
        )
    for judge, shared in sorted(systems_of_same_family(planned.experiment).items()):
        print_lines(*(same_family_warning(judge, system, makers) for system, makers in sorted(shared.items())))
    print_lines(*_in_flight(planned))
    left = sum(not part.stored for part in planned.parts)
    price = planned.price()
    total = "unknown: an endpoint has no prices" if price is None else money(price)
    print_lines(f"to do: {left} of {count_of(len(planned.parts), 'cell or pair', 'cells and pairs')}; price: {total}")
    print_lines(_basis(planned))


def _basis(planned: Plan) -> str:
    """Return a sentence on the basis of the token estimates."""
    counted = sum(bool(pair.counted) for pair in planned.games if not pair.stored)
    named = [judge.spec.name for judge in planned.judges if judge.spec.endpoint and judge.spec.endpoint.tokenizer]
    named += [
        system.spec.name
        for system in planned.systems
        if (endpoint := system.type.endpoint(system.spec.args)) is not None and endpoint.tokenizer
    ]
    return (
        "tokens are estimated from the UTF-8 length of the prompts"
        + (f"; for {', '.join(named)}, counted with its `tokenizer`" if named else "")
        + (f"; in {count_of(counted, 'pair')}, from the endpoint's counts for cached answers" if counted else "")
        + "; the run counts them exactly"
    )


def _row(who: str, task: str, parts: Sequence[CostEstimate]) -> tuple[str, ...]:
    from polyarena.harness.cli.amounts import money, span
    from polyarena.harness.planning.cost import Range

    todo = [part for part in parts if not part.stored]
    prompt = sum((part.prompt_tokens for part in todo), Range())
    completion = sum((part.completion_tokens for part in todo), Range())
    if not any(part.billed for part in parts):
        total = "–"
    elif any(part.price is None for part in todo):
        total = "unknown"
    else:
        total = money(sum((part.price for part in todo if part.price), Range()))
    return (
        who,
        task,
        str(len(parts)),
        str(len(parts) - len(todo)),
        str(sum(part.items for part in parts)),
        str(sum(part.requests for part in todo)),
        str(sum(part.cached for part in todo)) if any(part.billed for part in parts) else "–",
        span(prompt),
        span(completion),
        total,
    )
