"""The stage ``translated_pairs``: a strong model's answer against a translation of a weaker model's English answer."""

from __future__ import annotations

import json
from collections.abc import Sequence

from polyarena.harness.stages.files import LICENCES, PAIRS, RESULTS, read_rows, write_json, write_records
from polyarena.harness.stages.pipeline.data_stages import TeacherSettings, TranslatedPairsStage
from polyarena.harness.stages.preferences import translated_weaker_pairs
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.rounds import limit_per_language
from polyarena.harness.stages.teacher_calls import not_english, rows_of, translator_of
from polyarena.harness.stages.training.teachers import answers_of
from polyarena.harness.stages.training.trainers import prepare
from polyarena.tasks.mixtures.records import TrainingRow


def run(stage: TranslatedPairsStage, context: StageContext) -> None:
    """Ask the strong and the weaker model, translate, and write the pairs.

    Raises:
        DataError: No prompt gives a pair.
        ModelError: A model cannot be used.
    """
    prepare(context)
    rows = limit_per_language(read_rows(context.inputs[stage.prompts]), stage.limit, context.seed)
    strong, weaker = (
        _texts(teacher, rows, context, context.seed + number, role)
        for number, (role, teacher) in enumerate((("strong", stage.strong), ("weaker", stage.weaker)), 1)
    )
    translator = translator_of(stage.translator)

    def translate(texts: Sequence[str], language: str) -> list[str]:
        asked = [
            TrainingRow(f"{language}:{number}", stage.name, language, text, "", "") for number, text in enumerate(texts)
        ]
        activity = f"translations to {language}"
        return [text for text, _ in answers_of(translator, asked, context, context.seed + 3, activity)]

    found = translated_weaker_pairs(rows, strong, weaker, translate, stage.name, where=stage.name)
    write_records(context.folder / PAIRS, found.pairs)
    licences: dict[str, list[str]] = {}
    for teacher in (stage.strong, stage.weaker, stage.translator):
        licences.setdefault(teacher.licence, []).append(teacher.name)
    write_json(context.folder / LICENCES, licences)
    lengths = json.loads(found.lengths().to_json(orient="records"))
    write_json(
        context.folder / RESULTS, {"pairs": len(found.pairs), "left_out": dict(found.left_out), "lengths": lengths}
    )


def _texts(
    teacher: TeacherSettings, rows: Sequence[TrainingRow], context: StageContext, seed: int, role: str
) -> dict[str, str]:
    asked = not_english(rows_of(rows, teacher))
    answers = answers_of(teacher, asked, context, seed, f"{role} answers")
    return {row.row_id: text for row, (text, _) in zip(asked, answers, strict=True)}
