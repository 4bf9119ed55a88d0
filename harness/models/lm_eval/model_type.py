"""A model type of lm-eval as a polyarena model type."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from polyarena.harness.models.licence import model_licence
from polyarena.harness.models.lm_eval.backends import (
    ENGINE_VERSION,
    LOCAL_ARGUMENTS,
    SECRET_ARGUMENTS,
    SPEED_ARGUMENTS,
    TREE_SCORED,
    Backend,
    find_backend,
)
from polyarena.harness.models.lm_eval.hf_arguments import check_hf_arguments
from polyarena.harness.models.lm_eval.model import load_model
from polyarena.harness.models.locations import Location, argument_place, locate, locations, resolve_paths
from polyarena.harness.models.protocol import Model, ModelContext
from polyarena.harness.models.weights import digest
from polyarena.tasks.errors import DataError, ExperimentError, ModelError
from polyarena.tasks.item import Kind
from polyarena.tasks.suggest import closest

ADAPTER_CONFIG = "adapter_config.json"
"""The file of a folder with an adapter, which transformers loads through peft."""


@dataclass(frozen=True, slots=True)
class LmEvalType:
    """A model type of lm-eval; a :class:`polyarena.harness.models.protocol.ModelType`.

    Attributes:
        name: As in lm-eval's registry: ``hf``, ``vllm``, ``local-chat-completions``, ...
    """

    name: str

    @property
    def backend(self) -> Backend:
        """Facts about the type that are known without importing it."""
        return find_backend(self.name)

    inputs = frozenset({"text"})

    def supports(self, kind: Kind) -> bool:
        """Whether items of this kind can be answered: multiple choice needs the likelihood of a given text."""
        return kind is not Kind.MULTIPLE_CHOICE or self.backend.loglikelihood

    def check(self, args: Mapping[str, Any], context: ModelContext, where: str) -> None:
        """Refuse what cannot be loaded: nothing is imported, and no network is asked.

        Raises:
            ModelError: A package or a variable of the environment is missing.
            ExperimentError: An argument is missing or has a wrong value.
            DataError: A named file or folder does not exist, or is no model.
        """
        missing = [module for module in self.backend.modules if importlib.util.find_spec(module) is None]
        if missing:
            raise ModelError(
                f"the model type {self.name!r} needs {', '.join(missing)}", where=where, fix=self.backend.install
            )
        for names in self.backend.required:
            if not any(args.get(name) for name in names.split("|")):
                raise ExperimentError(
                    f"the model type {self.name!r} needs the argument {' or '.join(map(repr, names.split('|')))}",
                    where=where,
                )
        if args.get("think_end_token") is not None:
            raise ExperimentError(
                "`think_end_token` would throw the thought away",
                where=where,
                fix=f"take it out, and set `thinking: {{end: {args['think_end_token']}}}` beside `args` if the mark is "
                "none of the known ones",
            )
        if self.name in TREE_SCORED:
            check_hf_arguments(args, where)
        unset = [variable for variable in self.backend.environment if not os.environ.get(variable)]
        if unset:
            raise ModelError(f"{unset[0]} is not set", where=where, fix=f"export {unset[0]}=...")
        found = locations(args, self._local_arguments, context.base, where)
        if "pretrained" in found and found["pretrained"].path.is_dir():
            _check_folder(found["pretrained"].path, args, where)
        elif "pretrained" in found and self.name in TREE_SCORED:
            path = found["pretrained"].path
            raise DataError(
                f"{path.name!r} is a file, and `pretrained` must be a folder or a name on the hub",
                where=argument_place(where, "pretrained"),
                why=f"it is {path}",
                fix=f"name its folder, and set `gguf_file: {path.name}`"
                if path.suffix == ".gguf"
                else "name the folder that `save_pretrained` wrote",
            )

    def shares_batches(self, args: Mapping[str, Any]) -> bool:  # noqa: ARG002
        """Whether small cells are answered together: where ``transformers`` runs the model in this process."""
        return self.name in TREE_SCORED

    def endpoint(self, args: Mapping[str, Any]) -> None:
        """Nobody that bills through this project's client; what lm-eval's own API types cost is not known."""

    def identity(self, args: Mapping[str, Any], context: ModelContext, language: str) -> Mapping[str, str]:  # noqa: ARG002
        """Return the type, the arguments that change an answer, digests of local files, and versions; no secrets.

        A local folder is known by its own name and the digest of its files, wherever it lies. A model on the hub is
        known by its name and ``revision``; pin that to a commit, or a change on the hub goes unnoticed.
        """
        found = locations(args, self._local_arguments, context.base, "")
        kept = {
            name: _label(name, found[name], args) if name in found else _without_credentials(value)
            for name, value in args.items()
            if name not in SPEED_ARGUMENTS | SECRET_ARGUMENTS and not (name == "engine" and self.name in TREE_SCORED)
        }
        return {
            "type": self.name,
            "args": json.dumps(kept, sort_keys=True, ensure_ascii=False, default=str),
            "versions": ",".join(_versions(("lm_eval", *self._computing_packages(args, found)))),
            **self._engine(args),
        }

    def load(self, args: Mapping[str, Any], chat_template: bool | str, context: ModelContext) -> Model:
        """Load the model through lm-eval's registry.

        Raises:
            PolyarenaError: It cannot be loaded, or not with this chat template.
        """
        resolved = resolve_paths(args, self._local_arguments, context.base, "")
        value = str(args.get("pretrained", ""))
        found = locate(value, context.base, "") if value and "pretrained" in self._local_arguments else None
        licence = model_licence(value, found.path if found else None)
        return load_model(self.name, resolved, chat_template, context.recorded, licence)

    def _engine(self, args: Mapping[str, Any]) -> dict[str, str]:
        """Name what scores choices where that can change one: rounding in half precision depends on the batch.

        In float32 the engine and lm-eval agree to 1e-4 nats, or 1e-5 of long sums: rounding, as of another batch size.
        """
        if self.name not in TREE_SCORED or str(args.get("dtype", "auto")).removeprefix("torch.") == "float32":
            return {}
        return {"engine": "lm-eval" if args.get("engine") == "lm-eval" else ENGINE_VERSION}

    def _computing_packages(self, args: Mapping[str, Any], found: Mapping[str, Location]) -> list[str]:
        """Return the packages that can change an answer.

        ``peft`` can only where there is an adapter, or may be one: what a repository of the hub contains is not known
        here. Otherwise installing it for something else would make every stored cell stale.
        """
        model = found.get("pretrained")
        folders = [] if model is None else [model.path, model.path / str(args.get("subfolder") or "")]
        adapted = model is None or "peft" in args or any((folder / ADAPTER_CONFIG).is_file() for folder in folders)
        return [name for name in self.backend.versions if adapted or name != "peft"]

    @property
    def _local_arguments(self) -> tuple[str, ...]:
        return LOCAL_ARGUMENTS if self.backend.local else ()


def _check_folder(folder: Path, args: Mapping[str, Any], where: str) -> None:
    gguf = args.get("gguf_file")
    if gguf and not (folder / str(gguf)).is_file():
        there = sorted(entry.name for entry in folder.glob("*.gguf"))
        near = closest(str(gguf), there) or there
        raise DataError(
            f"{folder.name!r} has no file {gguf!r}",
            where=argument_place(where, "gguf_file"),
            fix=f"it has: {', '.join(near)}" if near else "it has no GGUF file at all",
        )
    if not gguf and not (folder / str(args.get("subfolder", "")) / "config.json").is_file():
        raise DataError(
            f"{folder.name!r} is no model folder",
            where=argument_place(where, "pretrained"),
            why="it has no config.json",
            fix="name the folder that `save_pretrained` wrote, or set `gguf_file`",
        )


def _label(name: str, found: Location, args: Mapping[str, Any]) -> str:
    only = str(args.get("gguf_file") or "") if name == "pretrained" else ""
    subfolder = str(args.get("subfolder") or "") if name in ("pretrained", "tokenizer") else ""
    return f"{found.label}@{digest(found.path, only=only, subfolder=subfolder)}"


def _without_credentials(value: Any) -> Any:
    """Take user, password and query out of an address; leave anything else."""
    if not isinstance(value, str) or "://" not in value or value.startswith("package://"):
        return value
    parts = urlsplit(value)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


@cache
def _versions(distributions: tuple[str, ...]) -> tuple[str, ...]:
    found = []
    for name in distributions:
        try:
            found.append(f"{name}=={importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return tuple(found)
