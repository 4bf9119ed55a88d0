"""Reward models: sequence-classification checkpoints of transformers, as judges and as scorers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from polyarena.harness.models.weights import digest
from polyarena.harness.stages.memory import is_out_of_memory
from polyarena.harness.stages.outputs import stage_output
from polyarena.judges.arguments import read_arguments
from polyarena.judges.protocol import Ask, Judge
from polyarena.judges.reward import RewardJudge, RewardThresholds
from polyarena.tasks.errors import ExperimentError, ModelError

SIMILAR = 0.9
"""Share of the longest text of a batch from which on another one is of a similar length."""
ENOUGH_TOKENS = 1024
"""Tokens of a batch from which on a device is busy, so that a larger one is not faster."""


class RewardSettings(RewardThresholds):
    """Arguments of the judge ``reward``.

    Attributes:
        model: Folder of a checkpoint, or its name on the hub; or
        pipeline: a pipeline file of training stages, with
        stage: the name of its stage of type ``reward``.
        revision: Commit or tag on the hub.
        batch_size: Most answers scored at once.
        max_length: Longest question with answer in tokens; longer ones are cut at their end.
        device: ``auto`` takes a GPU where there is one.
        dtype: Of the weights, such as ``bfloat16``; as in the checkpoint if left out.
    """

    model: str = ""
    pipeline: str | None = None
    stage: str | None = None
    revision: str | None = None
    batch_size: Annotated[int, Field(gt=0)] = 16
    max_length: Annotated[int, Field(gt=1)] = 4096
    device: str = "auto"
    dtype: str | None = None


def build(args: Mapping[str, Any], ask: Ask | None) -> Judge:
    """Build the judge ``reward``; the checkpoint is loaded when the first match is decided.

    Args:
        args: See :class:`RewardSettings`; ``model`` is needed, or ``pipeline`` and ``stage``.
        ask: Must be ``None``.

    Raises:
        UnknownNameError: An argument does not exist.
        ExperimentError: A value is wrong, ``model`` is missing, or the judge was given an endpoint.
    """
    if ask is not None:
        raise ExperimentError("the judge 'reward' was given an endpoint", why="it runs here", fix="leave it out")
    settings = read_arguments(RewardSettings, args, "reward")
    if bool(settings.model) == bool(settings.pipeline and settings.stage):
        raise ExperimentError(
            "the judge 'reward' needs a model",
            why="it takes either `model`, or `pipeline` and `stage`",
            fix="args: {model: <folder or hub name>}, or args: {pipeline: <pipeline file>, stage: <name>}",
        )
    if settings.pipeline and settings.stage:
        trained = stage_output(Path(settings.pipeline), settings.stage, "", kind="reward")
        settings = settings.model_copy(update={"model": str(trained.folder)})
    if settings.model.startswith((".", "/", "~")) and not Path(settings.model).is_dir():
        raise ExperimentError(
            f"there is no folder {settings.model!r}",
            fix="args: {model: <folder of a checkpoint, seen from the experiment, or a name on the hub>}",
        )
    bands = RewardThresholds(tie_band=settings.tie_band, much=settings.much)
    model = RewardModel(settings)
    return RewardJudge(model, bands, model.identity)


def batches(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Divide texts into batches of similar lengths: much that is filled up costs more than a further batch.

    Args:
        lengths: Of the texts, in tokens.
        size: Most texts in a batch.

    Returns:
        The places of the texts of each batch, the longest first.
    """
    order = sorted(range(len(lengths)), key=lambda place: (-lengths[place], place))
    divided: list[list[int]] = []
    for place in order:
        batch = divided[-1] if divided else []
        longest = lengths[batch[0]] if batch else 0
        enough = len(batch) * longest >= ENOUGH_TOKENS and lengths[place] < SIMILAR * longest
        if not batch or enough or len(batch) == size:
            divided.append([place])
        else:
            batch.append(place)
    return divided


class RewardModel:
    """Scores answers with a sequence-classification checkpoint that has one output.

    Args:
        settings: Which checkpoint, and how it is run.
    """

    def __init__(self, settings: RewardSettings) -> None:
        self.settings = settings

    @property
    def identity(self) -> str:
        """The checkpoint and all that changes a score, for signatures."""
        path = Path(self.settings.model)
        which = digest(path)[:19] if path.is_dir() else f"{self.settings.model}@{self.settings.revision or 'main'}"
        return f"model:{which}|max_length:{self.settings.max_length}|dtype:{self.settings.dtype or 'own'}"

    def __call__(self, asked: Sequence[tuple[str, str]]) -> list[float]:
        """Score (question, answer) pairs.

        Args:
            asked: Pairs of texts, in any order; similar lengths are batched together (:func:`batches`).

        Returns:
            One score each, in the same order.

        Raises:
            ModelError: The checkpoint or the device cannot be used, or the checkpoint has more than one output.
        """
        import torch
        from transformers import DataCollatorWithPadding

        tokenizer, model = self._loaded
        fill_up = DataCollatorWithPadding(tokenizer)
        encoded = [self._encoded(tokenizer, *pair) for pair in asked]
        scores = [0.0] * len(encoded)
        for chosen in self._divided(encoded):
            inputs = fill_up([encoded[index] for index in chosen]).to(model.device)
            with torch.inference_mode():
                logits = model(**inputs).logits.float().squeeze(-1).tolist()
            for index, score in zip(chosen, logits, strict=True):
                scores[index] = score
        return scores

    def divided(self, asked: Sequence[tuple[str, str]]) -> list[list[int]]:
        """Return the places of the pairs that are scored at once, for a caller that stores each batch.

        A batch that is scored alone gets the scores that it has among the others.
        """
        tokenizer, _ = self._loaded
        return self._divided([self._encoded(tokenizer, *pair) for pair in asked])

    def _divided(self, encoded: Sequence[Mapping[str, list[int]]]) -> list[list[int]]:
        return batches([len(each["input_ids"]) for each in encoded], self.settings.batch_size)

    def _encoded(self, tokenizer: Any, question: str, answer: str) -> Mapping[str, list[int]]:
        """Return the tokens of the turns as the chat template writes them; without one, those of the two texts."""
        texts = [question, answer]
        if tokenizer.chat_template:
            turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
            texts = [str(tokenizer.apply_chat_template(turns, tokenize=False))]
        # A chat template has written the special tokens already.
        special = not tokenizer.chat_template
        encoded: Mapping[str, list[int]] = tokenizer(
            *texts, truncation=True, max_length=self.settings.max_length, add_special_tokens=special
        )
        return encoded

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        try:
            import torch
            from transformers import AutoModelForSequenceClassification, AutoTokenizer
        except ImportError as error:
            raise ModelError(
                "reward models need the [hf] extra", why=str(error), fix="pip install 'polyarena[hf]'"
            ) from error
        settings = self.settings
        dtype = {} if settings.dtype is None else {"dtype": getattr(torch, settings.dtype, None)}
        if dtype and not isinstance(dtype["dtype"], torch.dtype):
            raise ModelError(f"{settings.dtype!r} is no type of weights", fix="use float32, bfloat16 or float16")
        try:
            tokenizer = AutoTokenizer.from_pretrained(settings.model, revision=settings.revision or "main")
            model = AutoModelForSequenceClassification.from_pretrained(
                settings.model, revision=settings.revision or "main", **dtype
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelError(
                "the reward model cannot be loaded",
                where=settings.model,
                why=str(error).split("\n", 1)[0],
                fix="name a folder or a model of the hub with a head for sequence classification",
            ) from error
        if model.config.num_labels != 1:
            raise ModelError(
                f"the checkpoint has {model.config.num_labels} outputs",
                where=settings.model,
                why="a reward model has one",
                fix="use a checkpoint with num_labels 1",
            )
        if tokenizer.pad_token is None and tokenizer.eos_token is None:
            raise ModelError(
                "the tokenizer has no token to fill up short answers with",
                where=settings.model,
                fix="set `pad_token` in its tokenizer_config.json",
            )
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        model.config.pad_token_id = tokenizer.pad_token_id
        device = settings.device
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            return tokenizer, model.to(device).eval()
        except (RuntimeError, AssertionError) as error:
            raise ModelError(
                f"the reward model cannot run on {device!r}",
                why=str(error).split("\n", 1)[0],
                fix="free memory on it, or use another device" if is_out_of_memory(error) else "use auto, cpu or cuda",
            ) from error
