"""What the teachers of a stage are asked, and whether they can be, without a model: for running and for a dry run."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from polyarena.harness.models.protocol import GenerateRequest, ModelContext, ModelType
from polyarena.harness.models.registry import find_model_type
from polyarena.harness.models.system_prompt import system_text
from polyarena.harness.stages.pipeline.data_stages import SafetyStage, TeacherSettings
from polyarena.tasks.errors import ModelError
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import select_languages
from polyarena.tasks.mixtures.records import TrainingRow
from polyarena.tasks.mixtures.safety import add_preambles
from polyarena.tasks.sampling import Sampling

TRANSLATE = "Translate into {language}."
"""What a translator is told unless its settings say otherwise."""


def model_type_of(teacher: TeacherSettings, base: Path, where: str) -> ModelType:
    """Return the model type of a teacher, after a look at its arguments.

    Args:
        teacher: With ``model``.
        base: Folder that relative paths in the arguments start from.
        where: The place of its arguments in the file.

    Raises:
        UnknownNameError: There is no such model type.
        ModelError: The type generates no text, or its packages are not installed.
        PolyarenaError: It refuses the arguments.
    """
    type_ = find_model_type(str(teacher.model), where=where)
    if not type_.supports(Kind.OPEN_ENDED):
        raise ModelError(
            f"the model type {teacher.model!r} generates no text",
            where=where,
            fix="use a type that does, such as hf, endpoint or completions",
        )
    type_.check(teacher.args, ModelContext(base=str(base)), where)
    return type_


def rows_of(rows: Sequence[TrainingRow], teacher: TeacherSettings) -> list[TrainingRow]:
    """Return the rows in the languages that a teacher answers in."""
    if teacher.languages is None:
        return list(rows)
    wanted = {language.code for language in select_languages(teacher.languages, where=teacher.name)}
    return [row for row in rows if row.language in wanted]


def not_english(rows: Sequence[TrainingRow]) -> list[TrainingRow]:
    """Return the rows that ``translated_pairs`` can make pairs of: English ones have nothing to translate."""
    return [row for row in rows if row.language != "eng_Latn"]


def system_texts(rows: Sequence[TrainingRow], teacher: TeacherSettings) -> list[str | None]:
    """Return the system prompt of each row, in its language."""
    return [system_text(teacher.system_prompt, row.language, where=teacher.name) for row in rows]


def requests_of(rows: Sequence[TrainingRow], teacher: TeacherSettings, seed: int) -> list[GenerateRequest]:
    """Return what a teacher with ``model`` is asked, one request for each row.

    Args:
        rows: The prompts.
        teacher: Who is asked.
        seed: Of the stage.
    """
    sampling = Sampling(teacher.sampling.max_tokens, teacher.sampling.temperature, 1.0, (), seed)
    found = []
    for row, system in zip(rows, system_texts(rows, teacher), strict=True):
        turns = ({"role": "system", "content": system},) if system else ()
        found.append(
            GenerateRequest(row.language, row.row_id, (*turns, {"role": "user", "content": row.prompt}), sampling)
        )
    return found


def translator_of(teacher: TeacherSettings) -> TeacherSettings:
    """Return a translator with the system prompt that it has if its settings name none."""
    if teacher.system_prompt is not None:
        return teacher
    return teacher.model_copy(update={"system_prompt": TRANSLATE})


def hold_out(rows: Sequence[TrainingRow], held_out: int, seed: int) -> tuple[list[TrainingRow], list[TrainingRow]]:
    """Return the rest, and so many rows of each language that are kept apart, drawn by the prompt's text."""

    def draw(row: TrainingRow) -> bytes:
        return hashlib.sha256(f"{seed}\0{row.prompt}".encode("utf-8", "backslashreplace")).digest()

    apart: set[str] = set()
    counts: Counter[str] = Counter()
    for row in sorted(rows, key=draw):
        if counts[row.language] < held_out:
            counts[row.language] += 1
            apart.add(row.row_id)
    return [row for row in rows if row.row_id not in apart], [row for row in rows if row.row_id in apart]


def with_preambles(rows: Sequence[TrainingRow], stage: SafetyStage) -> list[TrainingRow]:
    """Return harmful prompts as the teacher of a ``safety`` stage is asked them."""
    preambles = {
        language.code: text
        for selector, text in stage.preambles.items()
        for language in select_languages(selector, where=stage.name)
    }
    return add_preambles(rows, preambles)
