"""The ``llm`` judge: asks a chat model which of two answers is better, or whether each of them is good."""

from polyarena.judges.llm.cost_notes import costs_of, is_cost_note
from polyarena.judges.llm.judge import LlmJudge, LlmSettings, build, build_harm
from polyarena.judges.llm.parse import FIVE_LABELS, parse
from polyarena.judges.llm.rates import BadAnswer, BadRate, bad_answers, bad_rates
from polyarena.judges.llm.template import JudgeTemplate, TemplateKind
from polyarena.judges.llm.template_file import load_template, template_names
from polyarena.judges.llm.template_set import TemplateSet, load_templates
from polyarena.judges.llm.transcript import questions_at_least
from polyarena.judges.llm.verdicts import answers_found, parse_again

__all__ = [
    "FIVE_LABELS",
    "BadAnswer",
    "BadRate",
    "JudgeTemplate",
    "LlmJudge",
    "LlmSettings",
    "TemplateKind",
    "TemplateSet",
    "answers_found",
    "bad_answers",
    "bad_rates",
    "build",
    "build_harm",
    "costs_of",
    "is_cost_note",
    "load_template",
    "load_templates",
    "parse",
    "parse_again",
    "questions_at_least",
    "template_names",
]
