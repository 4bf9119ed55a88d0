"""RLOO and GRPO by TRL's trainers: controls for online DPO, which learn from the rewards of samples, not from pairs.

REINFORCE leave-one-out (Ahmadian et al. 2024, arXiv 2402.14740) takes as baseline of a sample the mean reward of the
other samples of its prompt; GRPO (Shao et al. 2024, arXiv 2402.03300, section 4.1) that of all of them, divided by
their standard deviation.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer

from polyarena.harness.stages.pipeline.training_stages import OnlineStage
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.training.arbiters import Candidate, reward
from polyarena.harness.stages.training.models import load_model
from polyarena.harness.stages.training.sampling import end_tokens
from polyarena.harness.stages.training.settings_check import trainer_errors
from polyarena.harness.stages.training.trainers import arguments, lora_config, train_to_end
from polyarena.tasks.mixtures.records import TrainingRow

TRAINERS = {"rloo": (RLOOTrainer, RLOOConfig), "grpo": (GRPOTrainer, GRPOConfig)}


def train_on_rewards(
    stage: OnlineStage, context: StageContext, policy: Path, tokenizer: Any, rows: Sequence[TrainingRow], activity: str
) -> tuple[Any, list[dict[str, Any]]]:
    """Train a policy on the rewards of its own samples.

    Args:
        stage: The settings; a step has ``batch_size`` prompts with ``samples`` completions each.
        context: Folder, seed, device, and the arbiters' checkpoints.
        policy: The checkpoint that training starts from, and that ``beta`` holds it to.
        tokenizer: Of the policy.
        rows: The prompts.
        activity: For progress.

    Returns:
        The trained model, perhaps with adapters, and the log of steps, with the mean reward of each.

    Raises:
        ModelError: Training diverged, or a reward is no number.
    """
    model = load_model(policy, context.device)
    ends = end_tokens(model, tokenizer)

    def rewards(
        prompts: Any, completions: Sequence[Any], completion_ids: Sequence[Sequence[int]], row: Sequence[int], **_: Any
    ) -> list[float]:  # fmt: skip
        del prompts
        candidates = [
            Candidate(rows[at].prompt, _text(text), rows[at].language, bool(ids) and ids[-1] in ends)
            for text, ids, at in zip(completions, completion_ids, row, strict=True)
        ]
        return reward(candidates, stage.arbiters, context, stage.name)

    trainer_type, config = TRAINERS[stage.algorithm]
    own = {
        "beta": stage.beta,
        "per_device_train_batch_size": stage.batch_size * stage.samples,
        "num_generations": stage.samples,
        "max_completion_length": stage.sampling.max_tokens,
        "temperature": stage.sampling.temperature,
        "top_k": stage.sampling.top_k,
        "top_p": 1.0,
        "use_vllm": False,
        "mask_truncated_completions": False,
    }
    with trainer_errors(stage):
        trainer = trainer_type(
            model=model,
            reward_funcs=[rewards],
            args=config(**arguments(stage, context, config, **own)),
            train_dataset=Dataset.from_list(
                [{"prompt": [{"role": "user", "content": each.prompt}], "row": at} for at, each in enumerate(rows)]
            ),
            processing_class=tokenizer,
            peft_config=lora_config(stage.lora, "CAUSAL_LM"),
        )
    log = train_to_end(trainer, stage, context, activity)
    return trainer.model, log


def _text(completion: Any) -> str:
    return str(completion if isinstance(completion, str) else completion[-1]["content"]).strip()
