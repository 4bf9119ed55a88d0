"""Teachers: who answers the prompts of a stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from polyarena.harness.endpoints.accounting.cost_label import CostLabel, attribute_costs
from polyarena.harness.models.protocol import ModelContext
from polyarena.harness.stages.memory import SAMPLING, memory_errors
from polyarena.harness.stages.parts import PARTS, in_parts
from polyarena.harness.stages.pipeline.data_stages import TeacherSettings
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.teacher_calls import model_type_of, requests_of, system_texts
from polyarena.harness.stages.training.models import load_sampler, load_tokenizer, release
from polyarena.harness.stages.training.sampling import sample
from polyarena.tasks.mixtures.records import TrainingRow


def answers_of(
    teacher: TeacherSettings, rows: Sequence[TrainingRow], context: StageContext, seed: int, activity: str
) -> list[tuple[str, bool | None]]:
    """Return a teacher's completion of each row, and whether it ended by itself (``None`` if that is not known).

    Args:
        teacher: A checkpoint of the pipeline, a system of the harness, or people.
        rows: The prompts, and of people the completions.
        context: The inputs, the device, and the pipeline's endpoints.
        seed: Of what is sampled here.
        activity: For progress, and for the file of what is done: no other call in a stage has the same.

    Raises:
        ModelError: The teacher cannot be used, the memory does not suffice, or an endpoint failed.
        BudgetError: The budget of the pipeline is spent.
    """
    if teacher.people:
        return [(row.completion, True) for row in rows]
    parts = context.folder / PARTS / f"{activity}.jsonl"
    if teacher.stage is not None:
        folder = context.inputs[teacher.stage]
        with memory_errors(teacher.name, SAMPLING):
            model, tokenizer = load_sampler(folder, context.device), load_tokenizer(folder)
            found = sample(
                model, tokenizer, [row.prompt for row in rows], 1, teacher.sampling, seed,
                system_prompts=system_texts(rows, teacher), report=context.report, activity=activity, parts=parts,
            )  # fmt: skip
        del model
        release()
        return [(texts[0].text, texts[0].ended) for texts in found]
    return _system_answers(teacher, rows, context, activity, parts)


def _system_answers(
    teacher: TeacherSettings,
    rows: Sequence[TrainingRow],
    context: StageContext,
    activity: str,
    parts: Path,
) -> list[tuple[str, bool | None]]:
    """Ask a system of the harness, one language at a time."""
    type_ = model_type_of(teacher, context.base, teacher.name)
    model = type_.load(teacher.args, True, ModelContext(base=str(context.base), open_endpoint=context.open_endpoint))
    requests = requests_of(rows, teacher, context.seed)
    answers: dict[int, tuple[str, bool | None]] = {}
    paid = type_.endpoint(teacher.args) is not None
    places: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(row.language, []).append(place)

    def ask(number: int, language: str) -> list[tuple[str, bool | None]]:
        context.report(activity, number, len(places), {})
        with attribute_costs(CostLabel("candidates", teacher.name, "", language) if paid else CostLabel()):
            results = model.generate([requests[at] for at in places[language]])
        reasons = [result.finish_reason for result in results]
        return [
            (result.text or "", None if reason is None else reason != "length")
            for result, reason in zip(results, reasons, strict=True)
        ]

    try:
        for language, found in zip(places, in_parts(parts, list(places), ask), strict=True):
            answers.update(zip(places[language], ((text, ended) for text, ended in found), strict=True))
    finally:
        model.close()
    return [answers[at] for at in range(len(rows))]
