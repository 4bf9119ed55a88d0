"""The key of a cell: a digest of everything that changes its content and of nothing else."""

from __future__ import annotations

from dataclasses import asdict

from polyarena.harness.models.protocol import ModelContext
from polyarena.harness.planning.digest import digest
from polyarena.harness.planning.prompting import system_text
from polyarena.harness.planning.resolve import ResolvedSystem
from polyarena.harness.planning.resolved_task import ResolvedTask
from polyarena.tasks.item import Kind
from polyarena.tasks.sampling import Sampling

FORMAT = 1
"""Of the stored records; a change makes old shards stale."""


def sampling_of(system: ResolvedSystem, task: ResolvedTask) -> Sampling:
    """Return the sampling of a system on a task: its own settings over the card's defaults."""
    defaults = task.card.generation
    return system.spec.sampling.resolve(defaults.max_tokens, defaults.stop)


def samples_of(system: ResolvedSystem, task: ResolvedTask) -> int:
    """Return the answers per item; multiple choice is scored, not sampled."""
    return 1 if task.card.kind is Kind.MULTIPLE_CHOICE else system.spec.samples


def cell_key(system: ResolvedSystem, task: ResolvedTask, language: str, questions: str, context: ModelContext) -> str:
    """Return the key of one cell.

    Args:
        system: The system.
        task: The task.
        language: ``lang_Script``.
        questions: Digest of the items.
        context: The run around the model.
    """
    multiple_choice = task.card.kind is Kind.MULTIPLE_CHOICE
    return digest(
        {
            "format": FORMAT,
            "task": f"{task.card.name}@{task.card.version}",
            "items": questions,
            "model": {"type": system.spec.model, **system.type.identity(system.spec.args, context, language)},
            "chat_template": system.chat_template,
            "system_prompt": system_text(system.spec.system_prompt, language),
            "sampling": None if multiple_choice else asdict(sampling_of(system, task)),
            "samples": samples_of(system, task),
        }
    )


def games_key(judge_signature: str, repeats: int, candidate_content: str, baseline_content: str, questions: str) -> str:
    """Return the key of the games of one pair of cells.

    Args:
        judge_signature: Every setting of the judge, its model included.
        repeats: Judgments of each order.
        candidate_content: Digest of the candidate's completions.
        baseline_content: Digest of the baseline's completions.
        questions: Digest of the items.
    """
    return digest([FORMAT, judge_signature, repeats, candidate_content, baseline_content, questions])
