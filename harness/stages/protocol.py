"""The protocol of stages: what the pipeline asks of each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from polyarena.judges.protocol import Ask

Report = Callable[[str, int, int, Mapping[str, float]], None]
"""Called with what a stage does now, how many steps are done, how many there are, and numbers worth showing."""


def ignore_progress(activity: str, done: int, total: int, numbers: Mapping[str, float]) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True)
class StageContext:
    """What a running stage is given.

    Attributes:
        folder: An empty or interrupted working folder. What it contains when ``run`` returns becomes the output of the
            stage, under another path: nothing in it may name its own path.
        inputs: Finished folders of the stages, and rounds of stages, that the settings refer to, by reference.
        base: Folder that relative paths in the settings start from.
        data_root: Local mirror of the hub; ``None`` without one.
        seed: Seed of the pipeline. A stage derives its own generators from it and never uses a global one.
        threads: Threads that torch may use.
        device: ``cpu`` or ``cuda``.
        report: Receives progress.
        open_endpoint: Turns the settings of an endpoint into what asks it, through the pipeline's call cache, journal
            and budget.
    """

    folder: Path
    inputs: Mapping[str, Path]
    base: Path
    data_root: Path | None = None
    seed: int = 0
    threads: int = 1
    device: str = "cpu"
    report: Report = field(default=ignore_progress, repr=False)
    open_endpoint: Callable[[Mapping[str, Any]], Ask] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StageEstimate:
    """What a stage will take, computed without a model.

    Attributes:
        rows: Rows, pairs or prompts that it reads; ``None`` where an earlier stage decides.
        steps: Optimizer steps.
        tokens: Tokens that pass through the model: trained and generated, padding left out.
        memory_gib: Peak memory of one process in GiB.
        flop: Floating-point operations, of all processes together.
        sampling_flop: Those of them that sample; devices reach less of their peak there.
        assumptions: What the numbers rest on, as sentences.
    """

    rows: int | None = None
    steps: int = 0
    tokens: int = 0
    memory_gib: float = 0.0
    flop: float = 0.0
    sampling_flop: float = 0.0
    assumptions: tuple[str, ...] = ()


Settings = TypeVar("Settings", contravariant=True)


class StageWork(Protocol[Settings]):
    """What does the work of one type of stages: the function ``run`` of the module that the type names."""

    def __call__(self, stage: Settings, context: StageContext) -> None:
        """Write the output into ``context.folder``.

        Args:
            stage: Its settings, from the pipeline file.
            context: What it works with.

        Raises:
            PolyarenaError: Data, settings or a checkpoint cannot be used, or training diverged.
        """
