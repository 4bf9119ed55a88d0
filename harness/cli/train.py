"""``polyarena train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from polyarena.harness.cli.options import Json, Quiet
from polyarena.tasks.counts import count_of

if TYPE_CHECKING:
    from polyarena.harness.stages.pipeline.dry_run import StagePlan
    from polyarena.harness.stages.pipeline.schema import Pipeline
    from polyarena.harness.stages.pipeline.teacher_requests import TeacherRequests

DryRun = Annotated[bool, Parameter(name="--dry-run", negative="")]


def command(
    pipeline: Path, *, until: str | None = None, dry_run: DryRun = False, quiet: Quiet = False, json: Json = False
) -> int:
    """Train the stages of a pipeline, or continue an earlier run of it.

    Parameters
    ----------
    pipeline
        The pipeline file.
    until
        Train only this stage and what it needs.
    dry_run
        Show what each stage would take, without training or writing anything.
    quiet
        Do not show progress.
    json
        Print JSON instead of a table.
    """
    from polyarena.harness.cli.output import print_json
    from polyarena.harness.stages.pipeline.dry_run import dry_run as plan_training
    from polyarena.harness.stages.pipeline.load import load_pipeline
    from polyarena.harness.stages.pipeline.runner import train
    from polyarena.harness.stages.progress import training_listener

    loaded = load_pipeline(pipeline)
    if dry_run:
        plans = plan_training(loaded, until)
        if json:
            print_json(as_data(loaded, plans))
        else:
            _print_plans(loaded, plans)
        return 0
    with training_listener(quiet=quiet) as listener:
        results = train(loaded, until=until, listener=listener)
    if json:
        print_json(
            [
                {
                    "stage": each.name,
                    "folder": str(each.folder),
                    "key": each.manifest.key,
                    "content": each.manifest.content,
                    "seconds": each.seconds,
                    "finished_before": each.seconds is None,
                }
                for each in results
            ]
        )
    elif quiet:
        from polyarena.harness.cli.output import print_lines

        print_lines(*(f"{each.name}: {each.folder}" for each in results))
    return 0


def as_data(pipeline: Pipeline, plans: list[StagePlan]) -> dict[str, Any]:
    """Return a dry run as plain data."""
    from dataclasses import asdict

    return {
        "pipeline": pipeline.name,
        "folder": str(pipeline.folder),
        "stages": [
            {
                "stage": plan.status.stage.name,
                "type": plan.status.stage.type,
                "inputs": list(plan.status.stage.inputs),
                "key": plan.status.key.key,
                "finished": plan.status.manifest is not None,
                "interrupted": plan.status.interrupted,
                "changes": list(plan.status.changes),
                **asdict(plan.estimate),
                "device_hours": plan.device_hours,
                "processes": plan.processes,
                "wall_hours": plan.wall_hours,
                "fits": plan.fits,
                "requests": [asdict(each) for each in plan.requests],
            }
            for plan in plans
        ],
        "device_hours": _sum([plan.device_hours for plan in plans if plan.status.manifest is None]),
        "wall_hours": _sum([plan.wall_hours for plan in plans if plan.status.manifest is None]),
    }


def _print_plans(pipeline: Pipeline, plans: list[StagePlan]) -> None:
    from polyarena.harness.cli.output import print_lines, print_table
    from polyarena.harness.stages.pipeline.dry_run import NOT_COUNTED

    print_table(
        f"{pipeline.name} in {pipeline.folder}",
        ("stage", "type", "state", "rows", "steps", "tokens", "memory", "device hours"),
        [_row(plan) for plan in plans],
        right=range(3, 8),
        spare=(3, 5, 4),
        whole=(0,),
    )
    for plan in plans:
        if plan.status.changes:
            print_lines(f"changed: {plan.status.stage.name}: {'; '.join(plan.status.changes)}")
    large = [plan for plan in plans if plan.fits is False]
    if large:
        names = ", ".join(f"{plan.status.stage.name} ({plan.estimate.memory_gib:.0f} GiB)" for plan in large)
        print_lines(
            f"more memory than the {pipeline.hardware.memory_gib:.0f} GiB of the device: {names}; lower batch_size or "
            "max_length, set activation_checkpointing, or train adapters (lora)"
        )
    notes: dict[str, list[str]] = {}
    for plan in plans:
        for note in plan.estimate.assumptions:
            notes.setdefault(note, []).append(plan.status.stage.name)
    for note, stages in notes.items():
        print_lines(f"{'not counted' if note in NOT_COUNTED else 'assumed'}: {note} ({', '.join(stages)})")
    _print_requests(pipeline, plans)
    print_lines(_summary(pipeline, plans))


def _print_requests(pipeline: Pipeline, plans: list[StagePlan]) -> None:
    """Print what stages will ask of teachers behind endpoints, and what these charge for it."""
    from polyarena.harness.cli.output import print_lines, print_table

    asking = [(plan.status.stage.name, each) for plan in plans for each in plan.requests]
    if not asking:
        return
    print_table(
        "requests to endpoints",
        ("stage", "teacher", "requests", "cached", "prompt tokens", "answer tokens", "price"),
        [_request_row(stage, each) for stage, each in asking],
        right=range(2, 7),
        spare=(3, 5, 4),
        whole=(0, 1),
    )
    unread = dict.fromkeys(stage for stage, each in asking if each.prompt_tokens is None)
    if unread:
        print_lines(
            f"the prompts of {', '.join(unread)} are not known yet, and prices are those of the answers alone: run the "
            "stages that give them with --until, and look again"
        )
    if unpriced := dict.fromkeys(each.teacher for _, each in asking if not each.currency):
        print_lines(f"not priced: {', '.join(unpriced)}: set `prices` in `args` of the teacher")
    if pipeline.budget is not None:
        print_lines(f"budget: {pipeline.budget}; a stage that has spent it stops, and its answers are kept")


def _request_row(stage: str, asked: TeacherRequests) -> tuple[str, ...]:
    from polyarena.harness.cli.amounts import money, span

    number = "unknown" if asked.requests is None else f"{asked.requests:,}"
    return (
        stage,
        asked.teacher,
        number if asked.exact or asked.requests is None else f"at most {number}",
        f"{asked.cached:,}" if asked.exact else "–",
        "unknown" if asked.prompt_tokens is None else span(asked.prompt_tokens),
        "unknown" if asked.answer_tokens is None else span(asked.answer_tokens),
        "unknown" if asked.price is None else f"{money(asked.price)} {asked.currency}",
    )


def _summary(pipeline: Pipeline, plans: list[StagePlan]) -> str:
    """Return what is to do, in device time and in wall time, and what the memory is of."""
    todo = [plan for plan in plans if plan.status.manifest is None]
    if not todo:
        return f"nothing to do: {count_of(len(plans), 'stage is', 'stages are')} finished"
    hours, wall = _sum([plan.device_hours for plan in todo]), _sum([plan.wall_hours for plan in todo])
    device = "GPU" if pipeline.hardware.device.startswith("cuda") else "processor"
    count = f"to do: {len(todo)} of {count_of(len(plans), 'stage')}"
    if hours is None or wall is None:
        return f"{count}; device hours: unknown: set `peak_tflops` under `hardware`"
    processes = pipeline.hardware.processes
    if processes == 1:
        return (
            f"{count}; device hours: about {hours:,.3g} of one {device}, which is also the wall time{_uncounted(todo)}"
        )
    return (
        f"{count}; device hours: about {hours:,.3g}, the {device} time of all processes; wall time: about {wall:,.3g} "
        f"hours, as {processes} processes share each sft, reward and dpo stage and all others run in one. Memory is "
        f"that of each process{_uncounted(todo)}"
    )


def _uncounted(plans: list[StagePlan]) -> str:
    """Return the end of a sum of hours that names the stages that take time and are not in it."""
    from polyarena.harness.stages.pipeline.dry_run import NOT_COUNTED

    names = [plan.status.stage.name for plan in plans if NOT_COUNTED.intersection(plan.estimate.assumptions)]
    return f"; not counted: {', '.join(names)}" if names else ""


def _row(plan: StagePlan) -> tuple[str, ...]:
    from polyarena.harness.cli.amounts import short

    stage, estimate = plan.status.stage, plan.estimate
    state = "finished" if plan.status.manifest else "interrupted" if plan.status.interrupted else "to do"
    return (
        stage.name,
        stage.type,
        "changed" if plan.status.changes else state,
        "–" if estimate.rows is None else f"{estimate.rows:,}",
        f"{estimate.steps:,}" if estimate.steps else "–",
        short(estimate.tokens) if estimate.tokens else "–",
        _gib(estimate.memory_gib) if estimate.memory_gib else "–",
        f"{plan.device_hours:,.3g}" if plan.device_hours else "–",
    )


def _gib(size: float) -> str:
    return f"{size:.1f} GiB" if size >= 0.05 else "< 0.1 GiB"


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known or not values else None
