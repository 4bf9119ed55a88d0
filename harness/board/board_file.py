"""The board file: title, systems, what counts as the average. Without one, sensible defaults hold."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator

from polyarena.harness.experiment.file_kinds import refuse_other_kind
from polyarena.harness.experiment.load import explain_validation
from polyarena.harness.experiment.positions import parse_yaml
from polyarena.harness.experiment.schema import Selector
from polyarena.harness.experiment.strict import Strict
from polyarena.harness.experiment.text_file import read_text
from polyarena.reports.board.model import BoardSettings
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.languages import select_languages

Text = Annotated[str, Field(max_length=2_000)]


class SystemEntry(Strict):
    """What a board says of one system.

    Attributes:
        title: Name for people.
        organisation: Who made it.
        size: Billions of parameters.
        licence: SPDX expression or text.
        open_weights: Whether its weights can be downloaded.
        languages: Languages that its makers claim.
        date: Of its release.
        link: Its page, http or https.
        family: Name of a line of systems whose stages belong together.
        stage: Place within the family; stages are sorted as text.
        effort: Reasoning effort; by default as in its run.
        price: Mean price of an answer.
        run: Which run's numbers count, where several runs have this system.
    """

    title: Text = ""
    organisation: Text = ""
    size: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    licence: Text = ""
    open_weights: bool | None = None
    languages: Selector | None = None
    date: datetime.date | None = None
    link: Text = ""
    family: Text = ""
    stage: Text = ""
    effort: Text = ""
    price: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    run: str | None = None

    @field_validator("date", mode="before")
    @classmethod
    def _iso(cls, value: Any) -> Any:
        return value if value is None or isinstance(value, datetime.date) else datetime.date.fromisoformat(str(value))

    @field_validator("link")
    @classmethod
    def _web(cls, value: str) -> str:
        if value and not value.lower().startswith(("http://", "https://")):
            raise ValueError("a link begins with http:// or https://")
        return value


class AverageRule(Strict):
    """What counts as the overall average.

    Attributes:
        tasks: Tasks that enter it; all if left out.
        metrics: By task, the metric that enters it; by default the first of the task's card, or the win rate.
        judge: The judge whose win rates enter it; by default the first by name.
    """

    tasks: tuple[str, ...] | None = None
    metrics: Mapping[str, str] = {}
    judge: str | None = None


class BoardFile(Strict):
    """A board file.

    Attributes:
        title: Of the page.
        description: Below the title.
        currency: Of prices.
        confidence: Nominal, of every interval and set of ranks.
        coverage: Least share of the chosen languages that a system must have to be ranked.
        exact_up_to: Item values up to which the page gets all of them; larger boards get means and standard errors of
            cells.
        systems: What to say of systems, by their names in the runs.
        average: What counts as the overall average.
        prefer: Names of runs, the most trusted first: whose numbers count where several runs have one system.
        rename: By run, new names of its systems.
        texts: By task, ``publish`` or ``withhold``: overrides what the licence of its data set says. Texts of harmful
            tasks are never published.
        published: CSV files of values that others published, relative to this file.
        allow_gone: Systems and languages that were on the board and may be gone.
        incomplete: ``show`` takes runs whose cells are not all there.
    """

    title: Text = "Leaderboard"
    description: Text = ""
    currency: Text = ""
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    coverage: Annotated[float, Field(gt=0, le=1)] = 0.9
    exact_up_to: Annotated[int, Field(ge=0)] = 2_000_000
    systems: Mapping[str, SystemEntry] = {}
    average: AverageRule = AverageRule()
    prefer: tuple[str, ...] = ()
    rename: Mapping[str, Mapping[str, str]] = {}
    texts: Mapping[str, Literal["publish", "withhold"]] = {}
    published: tuple[str, ...] = ()
    allow_gone: tuple[str, ...] = ()
    incomplete: Literal["refuse", "show"] = "refuse"

    def settings(self) -> BoardSettings:
        """Return what the page needs."""
        return BoardSettings(
            title=self.title,
            description=self.description,
            confidence=self.confidence,
            coverage=self.coverage,
            currency=self.currency,
        )


def load_board_file(path: Path | None) -> BoardFile:
    """Read a board file; the defaults without one.

    Raises:
        ExperimentError: The file is missing or not YAML, or a key or value is wrong.
        UnknownNameError: It names a language that does not exist.
    """
    if path is None:
        return BoardFile()
    text = read_text(path, "board")
    return parse_board_file(text, path)


def parse_board_file(text: str, path: Path) -> BoardFile:
    """Read the text of a board file.

    Raises:
        ExperimentError: It is no YAML, or a key or value is wrong; the file, the line and the fix are named.
    """
    data, lines = parse_yaml(text, str(path))
    if data is None:
        return BoardFile()
    if not isinstance(data, dict):
        raise ExperimentError("the board file contains no mapping", where=path, fix="write `key: value`, one a line")
    refuse_other_kind(data, "board", path)
    try:
        found = BoardFile.model_validate(data)
    except ValidationError as error:
        raise explain_validation(error, lines, path) from None
    for entry in found.systems.values():
        if entry.languages is not None:
            select_languages(entry.languages)
    return found
