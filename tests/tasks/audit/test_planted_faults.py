"""Thirty faults of ten kinds, planted in a sound task and in sound task files of lm-eval: at least 27 are found."""

from dataclasses import replace

import pytest

from polyarena.tasks.audit import AuditSource, Severity, audit_configs, audit_task
from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.item import FewShotExample, Item, Kind

SUBJECTS = {
    "deu_Latn": ("Das Kind", "Der Bauer", "Die Ärztin", "Der Lehrer", "Die Fischerin", "Der Bäcker"),
    "swh_Latn": ("Mtoto", "Mkulima", "Daktari", "Mwalimu", "Mvuvi", "Mwokaji"),
    "rus_Cyrl": ("Ребёнок", "Крестьянин", "Врач", "Учитель", "Рыбачка", "Пекарь"),
}
ENDS = {
    "deu_Latn": ("ging am frühen Morgen mit der Mutter auf den Markt, um Obst und Brot zu kaufen.",
                 "blieb drei Tage lang zu Hause, weil es draußen sehr stark regnete und stürmte.",
                 "lud alle Nachbarn zu einem großen Fest im Garten hinter dem alten Haus ein."),
    "swh_Latn": ("alikwenda sokoni asubuhi na mapema pamoja na mama yake ili kununua matunda na mkate.",
                 "alibaki nyumbani kwa siku tatu kwa sababu mvua kubwa ilikuwa ikinyesha nje.",
                 "aliwaalika majirani wote kwenye sherehe kubwa katika bustani nyuma ya nyumba kuukuu."),
    "rus_Cyrl": ("рано утром пошёл с матерью на рынок, чтобы купить фруктов и свежего хлеба.",
                 "три дня оставался дома, потому что на улице шёл очень сильный дождь с ветром.",
                 "пригласил всех соседей на большой праздник в саду за старым домом у реки."),
}  # fmt: skip
QUESTIONS = {
    "deu_Latn": "Was geschah mit Nummer",
    "swh_Latn": "Nini kilitokea kwa namba",
    "rus_Cyrl": "Что случилось с номером",
}
INSTRUCTIONS = {
    "deu_Latn": "Lies den Text und beantworte die Frage mit einem Buchstaben.",
    "swh_Latn": "Soma maandishi kisha ujibu swali kwa herufi moja tu.",
    "rus_Cyrl": "Прочитай текст и ответь на вопрос одной буквой.",
}
FIELDS = ("id", "text", "question", "option_a", "option_b", "option_c", "option_d", "answer")
ENGLISH = "Read the text carefully and answer the question with a single letter only."
LANGUAGES = tuple(SUBJECTS)


def rows(language, n=60):
    found = []
    for number in range(n):
        subject, ends = SUBJECTS[language][number % 6], ENDS[language]
        first, second, third = (ends[(number + shift) % 3] for shift in range(3))
        found.append(
            {
                "id": number,
                "text": " ".join(f"{subject} {number + 100 * n} {end}" for n, end in enumerate((first, second, third))),
                "question": f"{QUESTIONS[language]} {number}?",
                **{f"option_{letter}": f"{subject} {number * 4 + shift}" for shift, letter in enumerate("abcd")},
                "answer": (number * 7 + number // 4) % 4,
            }
        )
    return found


class Exam:
    """A sound exam: an instruction, a text, a question, four options with letters, the letters as choices."""

    card = TaskCard(
        name="planted",
        version="1",
        title="a sound exam",
        kind=Kind.MULTIPLE_CHOICE,
        dataset=Dataset(id="nobody/planted", revision="0123456789abcdef0123456789abcdef01234567", licence="MIT"),
        languages=LANGUAGES,
        provenance=dict.fromkeys(LANGUAGES, Provenance.HUMAN),
        metrics=("acc",),
        shared="the questions",
    )

    def __init__(self, change=None, read=None, **card):
        self.change, self.read = change or (lambda item, row: item), read or (lambda language: language)
        self.card = self.card.model_copy(update=card)

    def items(self, language, data):
        source = self.read(language)
        for row in data.rows(self.card.dataset, source, FIELDS):
            yield self.change(exam_item(language, row), row)

    def score(self, item, completion):
        return {}


def exam_item(language, row, text=None, instruction=None):
    options = [row[f"option_{letter}"] for letter in "abcd"]
    listed = [f"{letter}. {option}" for letter, option in zip("ABCD", options, strict=True)]
    lines = [instruction or INSTRUCTIONS[language], text or row["text"], row["question"], *listed, ">"]
    return Item(str(row["id"]), str(row["id"]), language, "\n".join(lines), choices=tuple("ABCD"), gold=row["answer"])


def without(item, *starts):
    lines = [line for line in item.prompt.split("\n") if not line.startswith(starts)]
    return replace(item, prompt="\n".join(lines))


def first_language(change, language="deu_Latn"):
    return lambda item, row: change(item, row) if item.language == language else item


def shot(item, row):
    return replace(item, examples=(FewShotExample(exam_item(item.language, row).prompt, "A"),))


def german(row):
    """A Swahili item whose text is in German."""
    prompt = exam_item("deu_Latn", rows("deu_Latn")[row["id"]], instruction=INSTRUCTIONS["swh_Latn"]).prompt
    return replace(exam_item("swh_Latn", row), prompt=prompt)


def other_shot(item, row):
    other = exam_item(item.language, rows(item.language)[3])
    return replace(item, examples=(FewShotExample(other.prompt, "A"),))


def numbered(item, row):
    return replace(item, gold=1 + row["answer"] % 3)


OPTIONS = tuple(f"{letter}." for letter in "ABCD")
TASKS = {
    "no options: all": (Exam(lambda item, row: without(item, *OPTIONS)), "options-not-shown"),
    "no options: one language": (
        Exam(first_language(lambda item, row: without(item, *OPTIONS))),
        "options-not-shown",
    ),
    "no options: two of four": (Exam(lambda item, row: without(item, "C.", "D.")), "options-not-shown"),
    "no article: all": (
        Exam(lambda item, row: replace(item, prompt=item.prompt.replace(row["text"], ""))),
        "field-not-shown",
    ),
    "no article: its name instead": (
        Exam(lambda item, row: replace(item, prompt=item.prompt.replace(row["text"], "{text}"))),
        "field-not-shown",
    ),
    "wrong language: another config": (Exam(read=lambda language: "deu_Latn"), "other-language"),
    "wrong language: one of three": (
        Exam(read=lambda language: "deu_Latn" if language == "swh_Latn" else language),
        "other-language",
    ),
    "wrong language: half of the items": (
        Exam(first_language(lambda item, row: item if row["id"] % 2 else german(row), "swh_Latn")),
        "other-language",
    ),
    "leaked answer: after the cue": (
        Exam(lambda item, row: replace(item, prompt=f"{item.prompt} {item.choices[item.gold]}")),
        "answer-shown",
    ),
    "leaked answer: named": (
        Exam(lambda item, row: replace(item, prompt=f"{item.prompt[:-1]}Antwort: {item.choices[item.gold]}")),
        "answer-shown",
    ),
    "leaked answer: of a generative task": (
        Exam(
            lambda item, row: replace(
                item, prompt=f"{item.prompt}: {row['id']} !", choices=(), gold=None, references=(f"{row['id']} !",)
            ),
            kind=Kind.GENERATIVE,
            metrics=("exact_match",),
        ),
        "answer-shown",
    ),
    "shifted gold: counted from one": (Exam(numbered), "gold-shifted"),
    "shifted gold: beyond the choices": (
        Exam(lambda item, row: replace(item, gold=item.gold + 1)),
        "gold-out-of-range",
    ),
    "shifted gold: one language of a parallel set": (
        Exam(first_language(lambda item, row: replace(item, gold=(item.gold + 1) % 4))),
        "not-translations",
    ),
    "blind metric: BLEU by words in Thai": (
        Exam(languages=("tha_Thai",), provenance={"tha_Thai": Provenance.HUMAN}, metrics=("bleu",)),
        "metric-inadequate",
    ),
    "blind metric: Latin words where Latin is written": (
        Exam(languages=("deu_Latn",), provenance={"deu_Latn": Provenance.HUMAN}, metrics=("word_pass",)),
        "metric-inadequate",
    ),
    "duplicate options: all equal": (
        Exam(lambda item, row: replace(item, choices=("A", "A", "C", "D"))),
        "equal-choices",
    ),
    "duplicate options: right one twice": (
        Exam(lambda item, row: replace(item, choices=tuple(item.choices[item.gold] if n == (item.gold + 1) % 4 else c
                                                           for n, c in enumerate(item.choices)))),
        "equal-choices",
    ),
    "duplicate options: a blank one": (
        Exam(lambda item, row: replace(item, choices=("A", "B", "C", " "))),
        "empty-choice",
    ),
    "cut text: after 100 characters": (
        Exam(lambda item, row: exam_item(item.language, row, row["text"][:100])),
        "text-cut",
    ),
    "cut text: the last quarter": (
        Exam(lambda item, row: exam_item(item.language, row, row["text"][: len(row["text"]) * 3 // 4])),
        "text-cut",
    ),
    "cut text: one language": (
        Exam(first_language(lambda item, row: exam_item(item.language, row, row["text"][:150]), "rus_Cyrl")),
        "text-cut",
    ),
    "shots: the question itself": (Exam(shot), "examples-evaluated"),
    "shots: another question of the test": (
        Exam(other_shot),
        "examples-evaluated",
    ),
    "untranslated: the instruction": (
        Exam(lambda item, row: exam_item(item.language, row, instruction=ENGLISH)),
        "instruction-language",
    ),
    "untranslated: in one language": (
        Exam(first_language(lambda item, row: exam_item(item.language, row, instruction=ENGLISH), "rus_Cyrl")),
        "instruction-language",
    ),
    "untranslated: instruction and question": (
        Exam(lambda item, row: exam_item(item.language, {**row, "question": "What happened?"}, instruction=ENGLISH)),
        "instruction-language",
    ),
}  # fmt: skip

SOUND_FILE = """
task: planted_{name}
dataset_path: nobody/questions
dataset_name: {language}
dataset_kwargs: {{revision: 0123456789abcdef0123456789abcdef01234567}}
output_type: generate_until
training_split: train
test_split: test
fewshot_split: train
doc_to_text: "{{{{article}}}} {{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
metric_list: [{{metric: exact_match}}]
"""
FILES = {
    "no article: a quoted word": ('"{{article}} {{question}}"', "\"{{'article'}}\"", "quoted-literal"),
    "blind metric: BLEU in Thai": ("metric: exact_match", "metric: bleu", "metric-for-script"),
    "shots: the evaluated split": ("fewshot_split: train", "fewshot_split: test", "few-shot-from-test"),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    import json

    root = tmp_path_factory.mktemp("planted")
    for language in (*LANGUAGES, "tha_Thai"):
        path = root / "nobody/planted" / language / "test.jsonl"
        path.parent.mkdir(parents=True)
        listed = rows(language if language in LANGUAGES else "deu_Latn")
        path.write_text("".join(json.dumps(row) + "\n" for row in listed), encoding="utf-8")
    return AuditSource(root)


def test_the_sound_exam_has_no_errors_and_no_warnings(source):
    assert [each for each in audit_task(Exam(), source) if each.severity is not Severity.NOTE] == []


def test_the_sound_file_has_no_findings(tmp_path):
    (tmp_path / "sound.yaml").write_text(SOUND_FILE.format(name="sound", language="tha"), "utf-8")
    assert audit_configs(str(tmp_path)) == []


def checks(findings):
    return {each.check for each in findings}


def test_thirty_faults_of_ten_kinds_are_planted_and_at_least_27_found(source, tmp_path):
    planted = [*TASKS, *FILES]
    assert len(planted) == len(set(planted)) == 30
    assert len({name.partition(":")[0] for name in planted}) == 10
    missed = [
        name for name, (task, check) in TASKS.items() if check not in {each.check for each in audit_task(task, source)}
    ]
    for number, (name, (old, new, check)) in enumerate(FILES.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        text = SOUND_FILE.format(name=f"fault{number}", language="tha")
        assert old in text
        (folder / "planted.yaml").write_text(text.replace(old, new), "utf-8")
        if check not in checks(audit_configs(str(folder))):
            missed.append(name)
    assert len(planted) - len(missed) >= 27, missed
    assert missed == []
