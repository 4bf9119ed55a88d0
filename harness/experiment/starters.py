"""Commented experiment files to start from: for hub models, endpoints or stored answers."""

from __future__ import annotations

import re
import shlex

_SYSTEMS = {
    "hub": """\
# Models on this machine: names on the hub, or folders. `pip install '.[hf]'` installs what they need.
systems:
  - name: candidate
    model: hf
    args:
      pretrained: HuggingFaceTB/SmolLM2-135M-Instruct
      revision: main  # pin a commit, or a change on the hub goes unnoticed
      dtype: bfloat16
  - name: baseline
    model: hf
    args:
      pretrained: HuggingFaceTB/SmolLM2-135M-Instruct
      revision: main
      dtype: bfloat16
    # The same model with another prompt is another system.
    system_prompt: "Answer in {autonym}."
""",
    "endpoint": """\
# Models behind OpenAI-compatible addresses.
systems:
  - name: candidate
    model: endpoint
    args:
      base_url: http://localhost:8000/v1
      model: my-model  # the name that the server knows it by
      # api_key_env: MY_KEY  # the environment variable with the key; the key itself is never written down
  - name: baseline
    model: endpoint
    args:
      base_url: http://localhost:8001/v1
      model: my-other-model
""",
    "stored": """\
# Answers that were generated elsewhere: a folder for each system, with one file for each language
# (answers/candidate/deu_Latn.jsonl), in each line an object with `item_id` and `text`.
# `polyarena tasks items polyarena_mini --languages deu_Latn` prints the prompts with their ids.
systems:
  - name: candidate
    model: completions
    args: { path: answers/candidate }
  - name: baseline
    model: completions
    args: { path: answers/baseline }
""",
}

_TASKS = {
    "hub": """\
tasks:
  - task: polyarena_mini  # 8 open-ended prompts per language; m_arenahard has 500
  - task: cldr_names  # multiple choice
    limit: 20  # items per language; leave it out to ask all
""",
    "endpoint": """\
tasks:
  - task: polyarena_mini  # 8 open-ended prompts per language; m_arenahard has 500
""",
    "stored": """\
tasks:
  - task: polyarena_mini  # the task that the answers are to; its item ids are those of the files
""",
}

_TEXT = """\
# An experiment: which systems answer which tasks in which languages, and who judges the answers.
# Check it with `polyarena plan {file}`, which spends nothing; run it with `polyarena run {file}`.
# All keys: docs/experiment.md, or `polyarena schema`.
name: {name}

{systems}
# Every other system is compared with this one.
baseline: baseline

# Codes (deu_Latn, de), names (German), sets (aya23) and properties (tier:low). `polyarena languages aya23` lists them.
languages: deu_Latn, hin_Deva, arb_Arab

# `polyarena tasks` lists all tasks.
{tasks}
# `rules` is offline and checks language, script, emptiness, repetition and truncation; it does not judge quality.
judges:
  - rules
# A language model as the judge:
#  - name: judge
#    judge: llm
#    endpoint: {{ base_url: "http://localhost:8000/v1", model: my-judge }}
"""

STARTERS = tuple(_SYSTEMS)
"""The kinds of starting files: hub models, endpoints, stored answers."""


def starter(use: str, name: str, file: str = "") -> str:
    """Return a commented experiment file.

    Args:
        use: One of :data:`STARTERS`.
        name: Name of the experiment; invalid characters become hyphens.
        file: Name of the file, for the commands in its comments; that of the experiment if left out.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._") or "experiment"
    shown = file if file.isprintable() and file else f"{plain}.yaml"
    return _TEXT.format(name=plain, file=shlex.quote(shown), systems=_SYSTEMS[use], tasks=_TASKS[use])
