"""A system whose answers are stored already: a folder of completions, or a system's cells of another run."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from polyarena.harness.models.completion_files import (
    Key,
    StoredCompletion,
    find_language_files,
    language_file,
    read_completions,
    read_generation_settings,
)
from polyarena.harness.models.protocol import (
    ChoiceRequest,
    ChoiceResult,
    GenerateRequest,
    GenerateResult,
    Model,
    ModelContext,
)
from polyarena.harness.models.rendering import join_messages
from polyarena.tasks.errors import DataError, ExperimentError, ModelError
from polyarena.tasks.item import Kind
from polyarena.tasks.suggest import unknown

ARGUMENTS = ("path", "id_field", "text_field", "thought_field", "missing")
REFUSE, LEAVE_OUT = "refuse", "leave_out"
"""What ``missing`` may say of items that have no stored completion."""


@dataclass(frozen=True, slots=True)
class CompletionsType:
    """The model type ``completions``; a :class:`polyarena.harness.models.protocol.ModelType`.

    Arguments: ``path``, a folder of files such as ``de.jsonl`` or ``deu_Latn.parquet``; ``id_field``, ``text_field``
    and ``thought_field`` where these fields have unusual names; ``missing``, which is ``refuse`` unless it says
    ``leave_out``, for items that have no stored completion.
    """

    def check(self, args: Mapping[str, Any], context: ModelContext, where: str) -> None:
        """Refuse unknown arguments and a folder without files of languages.

        Raises:
            ExperimentError: An argument is missing or has a wrong value.
            UnknownNameError: There is no such argument or value.
            DataError: The folder has no files of languages, or its settings cannot be read.
        """
        for name, value in args.items():
            if name not in ARGUMENTS:
                raise unknown("argument of `completions`", str(name), ARGUMENTS, where=where)
            if not isinstance(value, str) and not (value is None and name != "path"):
                raise ExperimentError(f"`{name}` must be a text", where=where, why=f"it is {value!r}")
        if args.get("missing") not in (None, REFUSE, LEAVE_OUT):
            raise unknown("value of `missing`", str(args["missing"]), (REFUSE, LEAVE_OUT), where=where)
        if not args.get("path"):
            raise ExperimentError("stored completions need `path`", where=where, fix="name the folder that holds them")
        find_language_files(_folder(args, context), where)
        self.generation_settings(args, context)

    # Whatever the answers were given to, it is not shown to anybody again.
    inputs = frozenset({"text", "image", "audio"})

    def supports(self, kind: Kind) -> bool:
        """Anything but multiple choice: what is read is texts."""
        return kind is not Kind.MULTIPLE_CHOICE

    def endpoint(self, args: Mapping[str, Any]) -> None:
        """Nobody is asked."""

    def identity(self, args: Mapping[str, Any], context: ModelContext, language: str) -> Mapping[str, str]:
        """Return the digest of the language's file, wherever it lies, and which fields are read.

        Raises:
            DataError: The language has no file.
        """
        path = language_file(_folder(args, context), language, "")
        status = path.stat()
        fields = [f"{name}={args[name]}" for name in ("id_field", "text_field", "thought_field") if args.get(name)]
        fields += [f"missing={LEAVE_OUT}"] if args.get("missing") == LEAVE_OUT else []
        return {
            "type": "completions",
            "args": ",".join(fields),
            "content": f"sha256:{_digest(path, status.st_size, status.st_mtime_ns)}",
        }

    def stored_answers(self, args: Mapping[str, Any], context: ModelContext, language: str) -> Collection[Key] | None:
        """Return the item and sample of each answer in a language; ``None`` if it has no file.

        Raises:
            DataError: A file is wrong, or two are of this language.
        """
        path = find_language_files(_folder(args, context), "").get(language)
        if path is None:
            return None
        return read_completions(path, args.get("id_field"), args.get("text_field"), args.get("thought_field")).keys()

    def allows_gaps(self, args: Mapping[str, Any]) -> bool:
        """Whether ``missing`` says that items without an answer are left out."""
        return args.get("missing") == LEAVE_OUT

    def generation_settings(self, args: Mapping[str, Any], context: ModelContext) -> Mapping[str, str]:
        """Return what ``generation.yaml`` or ``generation.json`` beside the answers says; empty without such a file.

        Raises:
            DataError: It is no mapping of names to plain values.
            ExperimentError: It has a credential.
        """
        return read_generation_settings(_folder(args, context))

    def load(self, args: Mapping[str, Any], chat_template: bool | str, context: ModelContext) -> Model:  # noqa: ARG002
        """Open the folder; files are read when their language is asked for. A chat template means nothing here."""
        leave_out = args.get("missing") == LEAVE_OUT
        return CompletionsModel(
            _folder(args, context), (args.get("id_field"), args.get("text_field"), args.get("thought_field")), leave_out
        )


class CompletionsModel:
    """Stored completions as a model; a :class:`polyarena.harness.models.protocol.Model`."""

    def __init__(
        self, folder: Path, fields: tuple[str | None, str | None, str | None], leave_out: bool = False
    ) -> None:
        self._folder = folder
        self._leave_out = leave_out
        self._fields = fields
        self._language = ""
        self._stored: dict[Key, StoredCompletion] = {}

    @property
    def provenance(self) -> Mapping[str, str]:
        """All is known before."""
        return {"chat_template": "unknown"}

    def generate(self, requests: Sequence[GenerateRequest]) -> list[GenerateResult]:
        """Look up one text for each request; an empty text is a text, and ``None`` stands for an item to leave out.

        ``prompt`` is what the file says the model saw, else the plain messages. Finish reason, token counts and latency
        are taken from the file where it has them.

        Raises:
            DataError: The file is missing or wrong, or lacks items (the message counts them).
        """
        answers: dict[int, GenerateResult] = {}
        for language in dict.fromkeys(request.language for request in requests):
            places = [place for place, request in enumerate(requests) if request.language == language]
            found = self._of_language(language, [requests[place] for place in places])
            answers.update(zip(places, found, strict=True))
        return [answers[place] for place in range(len(requests))]

    def choose(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceResult]:  # noqa: ARG002
        """Refuse: a stored text does not say how likely another one was.

        Raises:
            ModelError: Always: stored texts have no likelihoods.
        """
        raise ModelError(
            "stored completions cannot answer multiple choice",
            where=self._folder,
            fix="leave multiple-choice tasks out for this system",
        )

    def close(self) -> None:
        """Forget the file that was read last."""
        self._stored = {}
        self._language = ""

    def _of_language(self, language: str, requests: Sequence[GenerateRequest]) -> list[GenerateResult]:
        path = language_file(self._folder, language, "")
        if self._language != language:
            self._stored = read_completions(path, *self._fields)
            self._language = language
        missing = [request for request in requests if (request.item_id, request.sample_index) not in self._stored]
        if missing and not (self._leave_out and len(missing) < len(requests)):
            first = missing[0]
            sample = f", sample {first.sample_index}" if first.sample_index else ""
            raise DataError(
                f"{len(missing)} of {len(requests)} items have no stored completion",
                where=path,
                why=f"the first is {first.item_id!r}{sample}; the file holds {len(self._stored)} completions",
                fix="set the task's `limit` to the items that are stored, with `subset: first` if they are the first; "
                "or store the rest; or leave them out by `missing: leave_out` in `args`",
            )
        return [_generated(request, self._stored.get((request.item_id, request.sample_index))) for request in requests]


def _generated(request: GenerateRequest, stored: StoredCompletion | None) -> GenerateResult:
    if stored is None:
        return GenerateResult(join_messages(request.messages), None)
    row = stored.row
    prompt = row.get("prompt")
    return GenerateResult(
        prompt=prompt if isinstance(prompt, str) else join_messages(request.messages),
        text=stored.text,
        finish_reason=row["finish_reason"] if isinstance(row.get("finish_reason"), str) else None,
        prompt_tokens=_count(row.get("prompt_tokens")),
        completion_tokens=_count(row.get("completion_tokens")),
        latency_s=float(row["latency_s"]) if isinstance(row.get("latency_s"), int | float) else None,
        thought=stored.thought,
        thought_tokens=_count(row.get("thought_tokens")),
        is_split="thought_ended" in row,
        thought_ended=row["thought_ended"] if isinstance(row.get("thought_ended"), bool) else None,
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _folder(args: Mapping[str, Any], context: ModelContext) -> Path:
    return (Path(context.base) / Path(str(args.get("path", ""))).expanduser()).absolute()


@cache
def _digest(path: Path, size: int, changed_ns: int) -> str:  # noqa: ARG001 - part of the key of the memory
    return hashlib.sha256(path.read_bytes()).hexdigest()


build = CompletionsType()
"""The entry point."""
