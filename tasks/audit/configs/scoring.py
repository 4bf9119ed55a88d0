"""Metrics that cannot read the script or language of a task.

What is known of a metric comes from its name and, for functions, from the source beside the task file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyarena.tasks.audit.configs.functions import words
from polyarena.tasks.audit.configs.index import Config
from polyarena.tasks.audit.configs.loading import Function
from polyarena.tasks.audit.configs.wording import answer_language
from polyarena.tasks.audit.finding import Finding, Severity
from polyarena.tasks.languages import Language, find_language

UNSPACED = frozenset({"Hans", "Hant", "Jpan", "Thai", "Khmr", "Mymr", "Laoo"})
"""Scripts that are written without spaces between words."""


def audit_metrics(tasks: list[Config]) -> Iterator[Finding]:
    """Yield the metrics that are wrong for the language in which a task is answered, where both can be known."""
    for task in tasks:
        code = answer_language(task)
        if code is not None:
            language = find_language(code)
            for check in (_rouge, _bleu, _squad):
                yield from check(task, language)


def _rouge(task: Config, language: Language) -> Iterator[Finding]:
    if language.script == "Latn" or not any(_loads_rouge(function) for function in _functions(task)):
        return
    message = (
        f"ROUGE by rouge_score keeps only a-z and 0-9, so a text in the script of {language.name} "
        f"({language.script}) is empty to it: the score is 0 whatever the model writes"
    )
    yield Finding("metric-for-script", Severity.ERROR, task.name, language.code, message)


def _loads_rouge(function: Function) -> bool:
    found = words(function)
    own_tokenizer = "tokenizer=" in found
    return not own_tokenizer and (
        "rouge" in found or any("rouge_scor" in word or "RougeScorer" in word for word in found)
    )


def _bleu(task: Config, language: Language) -> Iterator[Finding]:
    if language.script not in UNSPACED:
        return
    # A tokenizer of the function's own choice is taken on trust.
    calls = [words(function) for function in _functions(task)]
    by_function = any({"corpus_bleu", "sentence_bleu"} & found and "tokenize=" not in found for found in calls)
    if by_function or "bleu" in _named(task):
        message = (
            f"BLEU splits words by sacrebleu's 13a, and {language.name} is written without spaces: it compares whole "
            "sentences"
        )
        yield Finding("metric-for-script", Severity.ERROR, task.name, language.code, message)


def _squad(task: Config, language: Language) -> Iterator[Finding]:
    if language.iso639_3 == "eng" or not any(_is_squad(words(function)) for function in _functions(task)):
        return
    if language.script in UNSPACED:
        severity, what = Severity.ERROR, "splits words at spaces, which it does not have: F1 is exact match"
    else:
        severity, what = Severity.WARNING, "takes away English articles and ASCII punctuation and none of its own"
    message = f"answers in {language.name} are compared after SQuAD's normalisation for English, which {what}"
    yield Finding("metric-for-language", severity, task.name, language.code, message)


def _is_squad(found: frozenset[str]) -> bool:
    # A function that asks for the language (as those of MLQA and TyDi QA do) has rules for more than English.
    if {"lang", "language"} & found:
        return False
    return any("squad_metrics" in word or "(a|an|the)" in word for word in found)


def _functions(task: Config) -> list[Function]:
    values: list[Any] = [task.get("process_results")]
    for entry in task.get("metric_list") or []:
        if isinstance(entry, dict):
            values += [entry.get("metric"), entry.get("aggregation")]
    return [value for value in values if isinstance(value, Function)]


def _named(task: Config) -> set[str]:
    listed = task.get("metric_list")
    return (
        {str(entry.get("metric")) for entry in listed if isinstance(entry, dict)} if isinstance(listed, list) else set()
    )
