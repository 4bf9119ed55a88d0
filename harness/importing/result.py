"""The result of reading a format: games, answers, and what could not be mapped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from polyarena.harness.lock import UnmappedField
from polyarena.judges.records import Game
from polyarena.tasks.errors import DataError, PolyarenaError
from polyarena.tasks.identify import identify
from polyarena.tasks.records import Completion
from polyarena.tasks.text import sanitize_text

MOST_EXAMPLES = 3
"""Examples that are kept of each thing that could not be mapped."""
LONGEST_EXAMPLE = 120
"""Characters of one example."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options of an import, for facts that a file does not contain.

    Attributes:
        judge: The judge's name; what the file says if left out.
        task: Task name; the format's own if left out.
        language: ``lang_Script`` of files that name no language.
        baseline: The other side where the file names one system only.
    """

    judge: str | None = None
    task: str | None = None
    language: str | None = None
    baseline: str | None = None


@dataclass
class ImportResult:
    """The games and answers of the files, under the names that they use.

    Attributes:
        games: In the order of the files.
        completions: The answers, where the format carries them.
        orders: In how many orders each pair of answers was shown.
        order_known: Whether the file says which answer was shown first.
        facts: What the file says of its judge as a whole.
        baselines: Systems that the format compares the others with.
        locations: ``file:line`` of each game.
        repeatable: Whether the format has a field that numbers repeated games.
        first_error: Why the first row that was left out was left out; the error to raise if nothing else remains.
    """

    games: list[Game] = field(default_factory=list)
    completions: dict[tuple[str, str, str, int], Completion] = field(default_factory=dict)
    orders: int = 2
    order_known: bool = True
    facts: dict[str, str] = field(default_factory=dict)
    baselines: set[str] = field(default_factory=set)
    locations: list[str] = field(default_factory=list)
    repeatable: bool = False
    first_error: PolyarenaError | None = None
    _defaults: dict[str, str] = field(default_factory=dict)
    _unmapped: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)

    def add(self, game: Game, where: str) -> None:
        """Add a game that stands at this place; a system against itself is left out and counted."""
        if game.system_a == game.system_b:
            why = f"both answers to item {game.item_id} are called so"
            error = DataError(f"{game.system_a!r} meets itself", where=where, why=why, fix="name two systems")
            self.skip_row("a system against itself (left out)", game.system_a, error)
            return
        self.games.append(game)
        self.locations.append(where)

    def skip(self, what: str, example: object = "") -> None:
        """Count something that is not mapped."""
        count, examples = self._unmapped.get(what, (0, ()))
        text = str(example)[:LONGEST_EXAMPLE]
        if text and len(examples) < MOST_EXAMPLES and text not in examples:
            examples = (*examples, text)
        self._unmapped[what] = (count + 1, examples)

    def skip_row(self, what: str, example: object, error: PolyarenaError) -> None:
        """Count a row that is left out, and keep the error in case no row remains."""
        self.skip(what, example)
        self.first_error = self.first_error or error

    def skip_fields(self, row: object, known: Sequence[str], inside: str = "") -> None:
        """Count the fields of a row that are not mapped and not empty."""
        if isinstance(row, dict):
            for name, value in row.items():
                if name not in known and value not in (None, "", [], {}):
                    self.skip(f"field {inside}{name}", value)

    def default(self, what: str, value: str) -> str:
        """Return a value that neither the files nor the options give, and remember to say so."""
        self._defaults[what] = value
        return value

    @property
    def defaults(self) -> dict[str, str]:
        """What neither the files nor the options say and the format's custom decides, by option; sorted."""
        return dict(sorted(self._defaults.items()))

    @property
    def unmapped(self) -> tuple[UnmappedField, ...]:
        """What is not mapped, sorted."""
        return tuple(
            UnmappedField(what=what, count=count, examples=examples)
            for what, (count, examples) in sorted(self._unmapped.items())
        )

    def answer(self, system: str, task: str, language: str, item_id: str, source_id: str, sample: int,
               question: str, text: str) -> None:  # fmt: skip
        """Keep an answer, and the question as what the system was asked; the first one of a key is kept.

        Args:
            system: Who answered.
            task: Name of the task.
            language: ``lang_Script``.
            item_id: Of the item within its language.
            source_id: Shared by all translations of the item.
            sample: Place among the answers of the system to the item, from 0.
            question: As the file has it.
            text: The answer.
        """
        text = sanitize_text(text)
        key = (system, language, item_id, sample)
        earlier = self.completions.get(key)
        if earlier is not None:
            if earlier.text != text:
                self.skip("a second, different answer of one system to one item", f"{system}, item {item_id}")
            return
        found = identify(text)
        self.completions[key] = Completion(
            system=system,
            task=task,
            language=language,
            item_id=item_id,
            sample_index=sample,
            source_id=source_id,
            prompt=sanitize_text(question),
            text=text,
            identified_language=found.language,
            identified_probability=found.probability,
            identified_script=found.script,
        )
