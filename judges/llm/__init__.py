"""The ``llm`` judge: asks a chat model which of two answers is better, or whether each of them is good."""

from polyarena.judges.llm.judge import LlmJudge, LlmSettings, build, build_harm
from polyarena.judges.llm.parse import FIVE_LABELS, parse
from polyarena.judges.llm.template import JudgeTemplate, TemplateKind
from polyarena.judges.llm.template_file import load_template, template_names
from polyarena.judges.llm.template_set import TemplateSet, load_templates
from polyarena.judges.llm.verdicts import parse_again

__all__ = [
    "FIVE_LABELS",
    "JudgeTemplate",
    "LlmJudge",
    "LlmSettings",
    "TemplateKind",
    "TemplateSet",
    "build",
    "build_harm",
    "load_template",
    "load_templates",
    "parse",
    "parse_again",
    "template_names",
]
