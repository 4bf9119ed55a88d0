"""The ``llm`` judge: asks a chat model which of two answers is better."""

from polyarena.judges.llm.judge import LlmJudge, LlmSettings, build
from polyarena.judges.llm.parse import FIVE, parse
from polyarena.judges.llm.template import Template, load_template, template_names

__all__ = ["FIVE", "LlmJudge", "LlmSettings", "Template", "build", "load_template", "parse", "template_names"]
