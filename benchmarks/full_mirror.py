"""Writes a mirror of the hub as large as the suite aya99 needs: invented rows in the schema of each data set.

Numbers of rows are those of the data sets, as far as their cards tell, and texts have about as many letters as there.
They say nothing: only how much there is to read matters here. One part in five is ASCII, as many languages of the suite
are nearly; the others have accents or another script.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from polyarena.tasks.benchmarks import blend, indicgenbench, mt_aime2024, polymath, tatoeba, wmt24pp
from polyarena.tasks.benchmarks.aya_evaluation_suite import HUMAN_ANNOTATED, HUMAN_EDITED, MACHINE_TRANSLATED
from polyarena.tasks.benchmarks.flores import DATASET as FLORES
from polyarena.tasks.benchmarks.flores import LANGUAGES, RENAMED
from polyarena.tasks.benchmarks.multi_if import LABELS as MULTI_IF
from polyarena.tasks.benchmarks.multijail import COLUMNS
from polyarena.tasks.benchmarks.ntrex import CONFIGS as NTREX
from polyarena.tasks.benchmarks.tydiqa_goldp import PREFIXES
from polyarena.tasks.registry import find_task

Row = Mapping[str, Any]
Part = tuple[str, str, str, Iterable[Row]]
Share = Callable[[int], range]
WORDS = (
    "the river that runs past our village carries more water in spring than in any other season of the year ",
    "mto unaopita karibu na kijiji chetu una maji mengi zaidi wakati wa masika kuliko msimu mwingine wowote ",
    "la rivière qui longe notre village porte au printemps plus d'eau qu'en toute autre saison de l'année ",
    "el río que pasa junto a nuestro pueblo lleva más agua en primavera que en cualquier otra estación del año ",
    "köyümüzün yanından geçen ırmak ilkbaharda yılın öteki mevsimlerinin hepsinden daha çok su taşır ",
    "река, которая течёт мимо нашей деревни, весной несёт больше воды, чем в любое другое время года ",
    "النهر الذي يمر بقريتنا يحمل في الربيع ماء أكثر مما يحمله في أي فصل آخر من فصول السنة ",
    "हमारे गाँव के पास से बहने वाली नदी वसंत में साल के किसी भी दूसरे मौसम से अधिक पानी लाती है ",
    "ஊரைக் கடந்து ஓடும் ஆறு இளவேனிலில் ஆண்டின் மற்ற எந்தப் பருவத்தையும் விட அதிக நீரைக் கொண்டு வருகிறது ",
    "流过我们村子的那条河春天的水比一年里任何别的季节都多",
)
STORES = tuple(words * 400 for words in WORDS)
STORE = ContextVar("STORE", default=STORES[0])
"""Of the part that is written now."""
OPTIONS = ("option_a", "option_b", "option_c", "option_d")


def text(number: int, size: int) -> str:
    """Return ``size`` letters, other ones for another number."""
    start = number * 7 % len(WORDS[0])
    return f"{number} " + STORE.get()[start : start + size]


def _exam(number: int) -> Row:
    options = {option: text(number + place, 40) for place, option in enumerate(OPTIONS)}
    return {**options, "answer": "ABCD"[number % 4]}


def _global_mmlu(number: int) -> Row:
    extra = {"sample_id": f"anatomy/test/{number}", "subject": "anatomy", "cultural_sensitivity_label": "CA"}
    return {**_exam(number), **extra, "question": text(number, 250)}


def _mmmlu(number: int) -> Row:
    options = {letter: text(number + place, 40) for place, letter in enumerate("ABCD")}
    return {**options, "Question": text(number, 250), "Answer": "ABCD"[number % 4], "Subject": "anatomy"}


def _belebele(number: int) -> Row:
    answers = {f"mc_answer{place}": text(number + place, 40) for place in range(1, 5)}
    ids = {"link": f"https://example.org/{number // 2}", "question_number": number % 2 + 1}
    asked = {"flores_passage": text(number, 500), "question": text(number, 80)}
    return {**ids, **asked, **answers, "correct_answer_num": str(number % 4 + 1)}


def _story(number: int) -> Row:
    sentences = {f"input_sentence_{place}": text(number + place, 45) for place in range(1, 5)}
    endings = {"sentence_quiz1": text(number, 40), "sentence_quiz2": text(number + 1, 40)}
    return {"story_id": f"s{number}", **sentences, **endings, "answer_right_ending": number % 2 + 1}


def _passage(number: int) -> Row:
    answers = {"text": [text(number, 15)], "answer_start": [0]}
    return {"id": f"q{number}", "context": text(number, 700), "question": text(number, 60), "answers": answers}


def _inference(number: int) -> Row:
    return {"premise": text(number, 100), "hypothesis": text(number + 1, 50), "label": number % 3}


def _pairs_of_texts(number: int) -> Row:
    return {"id": number, "sentence1": text(number, 110), "sentence2": text(number + 1, 110), "label": number % 2}


def _maths(number: int) -> Row:
    return {"question": text(number, 240), "answer_number": number}


def _instruction(number: int) -> Row:
    asked = {"instruction": text(number, 120), "question": text(number, 240), "answer_prefix": "A:"}
    return {**asked, "answer": str(number)}


def _news(number: int) -> Row:
    return {
        "id": f"n{number}",
        "url": f"https://example.org/{number}",
        "title": text(number, 60),
        "summary": text(number, 150),
        "text": text(number, 3_000),
    }


def _arena(number: int) -> Row:
    cluster = {"cluster": "c", "category": "arena-hard-v0.1", "subcategory": "hard_prompt", "language": "x"}
    return {"question_id": f"{number:032x}", **cluster, "prompt": text(number, 500)}


def _wino(number: int) -> Row:
    names = {"option1": "Anna", "option2": "Maria"}
    return {"sentence": f"Anna wrote to Maria, for _ had {text(number, 50)}.", **names, "answer": str(number % 2 + 1)}


def _prox(number: int) -> Row:
    options = {f"option_{place}": text(number + place, 40) for place in range(10)}
    asked = {"question_id": number, "question": text(number, 250), "category": "law"}
    return {**asked, **options, "answer": "ABCDEFGHIJ"[number % 10]}


def _piqa(number: int, answers: int) -> Row:
    solutions = {f"solution{place}": text(number + place, 40) for place in range(answers)}
    return {"prompt": text(number, 60), **solutions, "label": number % answers, "example_id": f"x_ex{number:06}_eng"}


def _conversation(label: str, number: int) -> Row:
    row = {"key": f"{number}:1:{label[:2]}", "language": label}
    for turn in (1, 2, 3):
        row |= {
            f"turn_{turn}_prompt": json.dumps({"role": "user", "content": text(number + turn, 200)}),
            f"turn_{turn}_instruction_id_list": '["punctuation:no_comma"]',
            f"turn_{turn}_kwargs": '["{}"]',
        }
    return row


BY_TASK: Mapping[str, tuple[int, Callable[[int], Row]]] = {
    "sib200": (204, lambda n: {"index_id": n, "category": "travel", "text": text(n, 130)}),
    "belebele": (900, _belebele),
    "global_mmlu": (14_042, _global_mmlu),
    "global_mmlu_lite": (400, _global_mmlu),
    "m_mmlu": (13_062, lambda n: {**_exam(n), "id": f"anatomy/test/{n}", "instruction": text(n, 250)}),
    "mmmlu": (14_042, _mmmlu),
    "include": (
        520,
        lambda n: {"question": text(n, 150), "choices": [text(n + k, 30) for k in range(4)], "answer": n % 4},
    ),
    "include_v2": (500, lambda n: {**_exam(n), "question": text(n, 150)}),
    "xcopa": (
        500,
        lambda n: {
            "premise": text(n, 40),
            "choice1": text(n + 1, 40),
            "choice2": text(n + 2, 40),
            "question": "cause",
            "label": n % 2,
            "idx": n,
        },
    ),
    "xstorycloze": (1_511, _story),
    "xwinograd": (500, _wino),
    "xnli": (2_490, _inference),
    "pawsx": (2_000, _pairs_of_texts),
    "multiblimp": (1_270, lambda n: {"sen": text(n, 80), "wrong_sen": text(n + 1, 80)}),
    "afrixnli": (600, _inference),
    "afrimmlu": (
        500,
        lambda n: {
            "subject": "law",
            "question": text(n, 150),
            "choices": [text(n + k, 30) for k in range(4)],
            "answer": "ABCD"[n % 4],
        },
    ),
    "xlsum": (2_900, _news),
    "xquad": (1_190, _passage),
    "mgsm": (250, _maths),
    "global_mgsm": (250, _instruction),
    "afrimgsm": (250, _maths),
    "m_arenahard": (500, _arena),
    "m_arenahard_v2": (498, _arena),
    "m_arenahard_v21": (498, _arena),
    "dolly_v2": (200, lambda n: {"id": n, "prompt": text(n, 300)}),
    "m_arc": (
        1_172,
        lambda n: {**_exam(n), "option_e": None, "id": f"ARC-Challenge/test/{n}", "instruction": text(n, 100)},
    ),
    "m_hellaswag": (
        10_042,
        lambda n: {
            "ind": n,
            "activity_label": text(n, 15),
            "ctx_a": text(n, 80),
            "ctx_b": "",
            "endings": [text(n + k, 60) for k in range(4)],
            "label": str(n % 4),
        },
    ),
    "mmlu_prox": (11_829, _prox),
    "mmlu_prox_lite": (658, _prox),
    "global_piqa_parallel": (104, lambda n: _piqa(n, 4)),
    "global_piqa_nonparallel": (100, lambda n: _piqa(n, 2)),
    "mlogiqa": (
        80,
        lambda n: {
            "context": text(n, 400),
            "question": text(n, 60),
            "options": [text(n + k, 40) for k in range(4)],
            "answer": n % 4,
        },
    ),
    "afriqa": (300, lambda n: {"question": text(n, 50), "answers": f"['{n}']", "translated_answer": f"['{n}']"}),
}
"""Rows of each config, and how one is made, for the tasks that have a config for each language."""


def write_mirror(root: Path, scale: float = 1.0) -> int:
    """Write the mirror and return the number of rows.

    Args:
        root: A folder; what lies there is written over.
        scale: Share of the rows of each part, for a quick look; each has one at least.
    """

    def share(rows: int) -> range:
        return range(max(1, round(rows * scale)))

    written = 0
    for name, (rows, make) in BY_TASK.items():
        card = find_task(name).card
        for config in _configs(name):
            written += _write(root, card.dataset.id, config, card.dataset.split, map(make, share(rows)))
    written += sum(_write(root, *part) for part in _parts(share))
    return written + sum(_write(root, *part) for part in _others(share))


def _configs(name: str) -> list[str]:
    task: Any = find_task(name)
    configs = getattr(task, "configs", None)
    if configs is None:
        rows = task.rows if hasattr(task, "rows") else next(iter(task.members.values())).rows
        configs = {code: part.config for code, part in rows.parts.items()}
    return sorted(set(configs.values()))


def _others(share: Callable[[int], range]) -> Iterable[tuple[str, str, str, Iterable[Row]]]:
    """Yield data set, config, split and rows of the data sets that are arranged in a way of their own."""
    for code in (*LANGUAGES, "eng_Latn"):
        sentences = ({"id": n, "text": text(n, 130)} for n in share(1_012))
        yield FLORES.id, RENAMED.get(code, code), FLORES.split, sentences
    ntrex = find_task("ntrex_to_english").card.dataset
    for config in ("eng_Latn", *NTREX.values()):
        yield ntrex.id, config, ntrex.split, ({"text": text(n, 120)} for n in share(1_997))
    tydiqa = find_task("tydiqa_goldp").card.dataset
    questions = ({**_passage(n), "id": f"{prefix}-{n}"} for prefix in PREFIXES.values() for n in share(564))
    yield tydiqa.id, "secondary_task", tydiqa.split, questions
    aya = find_task("aya_human_annotated").card.dataset
    for config, codes, rows in (
        ("aya_human_annotated", HUMAN_ANNOTATED, 250),
        ("dolly_human_edited", HUMAN_EDITED, 200),
        ("dolly_machine_translated", MACHINE_TRANSLATED, 200),
    ):
        yield aya.id, config, aya.split, (_prompt(code, n) for code in codes for n in share(rows))
    multijail = find_task("multijail").card.dataset
    harms = ({"id": n, "source": "s", "tags": "t"} | {c: text(n, 80) for c in COLUMNS.values()} for n in share(315))
    yield multijail.id, "default", multijail.split, harms
    multi_if = find_task("multi_if").card.dataset
    conversations = (_conversation(label, n) for label in MULTI_IF.values() for n in share(560))
    yield multi_if.id, "default", multi_if.split, conversations
    redteaming: Any = find_task("aya_redteaming")
    for part in redteaming.rows.parts.values():
        prompts = ({"prompt": text(n, 90), "harm_category": "h", "global_or_local": "global"} for n in share(900))
        yield redteaming.card.dataset.id, part.config, part.split, prompts


def _parts(share: Share) -> Iterable[Part]:
    """Yield data set, config, split and rows of data sets with several splits, one table, or rows within rows."""
    yield from _translations(share)
    yield from _problems(share)
    yield from _everyday(share)
    yield from _indic(share)


def _translations(share: Share) -> Iterable[Part]:
    for variety in wmt24pp.CONFIGS.values():
        segments = (
            {"segment_id": n, "is_bad_source": False, "domain": "news", "source": text(n, 200), "target": text(n, 220)}
            for n in share(960)
        )
        yield wmt24pp.DATASET.id, f"en-{variety}", wmt24pp.DATASET.split, segments
    for config in tatoeba.CONFIGS.values():
        pairs = ({"sourceString": text(n, 40), "targetString": text(n + 1, 40)} for n in share(2_500))
        yield tatoeba.DATASET.id, config, tatoeba.DATASET.split, pairs


def _problems(share: Share) -> Iterable[Part]:
    for config in polymath.CONFIGS.values():
        for level in polymath.WEIGHTS:
            problems = ({"id": f"{level}-{config}-{n}", "question": text(n, 250), "answer": "2"} for n in share(125))
            yield polymath.task.card.dataset.id, config, level, problems
    aime = mt_aime2024.task.card.dataset
    rows = ({**{c: text(n, 300) for c in mt_aime2024.COLUMNS.values()}, "answer": n} for n in share(30))
    yield aime.id, "MT-AIME2024", aime.split, rows


def _everyday(share: Share) -> Iterable[Part]:
    for region in blend.NAMES:
        questions = (
            {
                "ID": f"q-{n}",
                "question": text(n, 70),
                "annotations": [{"answers": [text(n, 10)], "count": 3}],
                "idks": {"idk": 0, "no-answer": 0, "not-applicable": 0},
            }
            for n in share(500)
        )
        yield blend.DATASET.id, "annotations", region, questions
    choices = (
        {
            "MCQID": f"q-{n}_0",
            "ID": f"q-{n}",
            "country": "Algeria",
            "prompt": f"{text(n, 70)}? Without any explanation, choose only one.",
            "choices": '{"A": "a", "B": "b", "C": "c", "D": "d"}',
            "answer_idx": "ABCD"[n % 4],
        }
        for n in share(5_000)
    )
    yield blend.DATASET.id, "multiple-choice-questions", "test", choices


def _indic(share: Share) -> Iterable[Part]:
    def answered(n: int) -> Row:
        answers = [{"text": text(n, 15), "answer_start": 0}]
        return {"context": text(n, 700), "question": text(n, 60), "answers": answers, "translated_answers": answers}

    for task, languages, rows in (
        (indicgenbench.xquad_in, indicgenbench.XQUAD, 1_190),
        (indicgenbench.xorqa_in, indicgenbench.XORQA, 800),
    ):
        nested = (
            {"examples": {**answered(n), "id": f"q{n}", "lang": lang}}
            for lang in languages.values()
            for n in share(rows)
        )
        yield task.card.dataset.id, "default", "test", nested
    sentences = (
        {"examples": {"source": text(n, 130), "target": text(n, 130), "lang": lang, "translation_direction": way}}
        for lang in indicgenbench.FLORES.values()
        for way in ("enxx", "xxen")
        for n in share(1_012)
    )
    yield indicgenbench.flores_in_from_english.card.dataset.id, "default", "test", sentences


def _prompt(code: str, number: int) -> Row:
    language, _, script = code.partition("_")
    label = {"language": language, "script": script}
    return {"id": f"{code}-{number}", "inputs": text(number, 300), "targets": text(number, 200), **label}


def _write(root: Path, dataset: str, config: str, split: str, rows: Iterable[Row]) -> int:
    path = root / dataset / config / f"{split}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    STORE.set(STORES[zlib.crc32(config.encode()) % len(STORES)])
    with path.open("w", encoding="utf-8") as file:
        for count, row in enumerate(rows, start=1):  # noqa: B007
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return count
