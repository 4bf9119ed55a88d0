"""The wording of every template, letter by letter: who changes one changes scores, and the task's version with it."""

import pytest

from polyarena.tasks.benchmarks import afrixnli, xcopa, xnli, xstorycloze, xwinograd

COPA = {"premise": "It rained.", "choice1": "I got wet.", "choice2": "I sang.", "question": "effect", "label": 0}
COPA |= {"idx": 3, "changed": False}
WINO = {"sentence": "The cup broke the plate because _ was hard.", "option1": "the cup", "option2": "the plate"}
WINO |= {"answer": "2"}
PAIR = {"premise": "It rained.", "hypothesis": "It was wet.", "label": 0}
STORY = {f"input_sentence_{number}": f"S{number}." for number in range(1, 5)}
STORY |= {"story_id": "s", "sentence_quiz1": "She left.", "sentence_quiz2": "He flew.", "answer_right_ending": 2}

VERSIONS = {"xcopa": "0.1", "xwinograd": "0.2", "xnli": "0.2", "xstorycloze": "0.1", "afrixnli": "0.1"}

BOTH = ("I got wet.", "I sang.")
CUPS = ("the cup", "the plate")
ENDS = ("She left.", "He flew.")

WORDINGS = [
    (xcopa, "swh_Latn", COPA, "connective", "It rained kwa hiyo", ("i got wet.", "i sang.")),
    (
        xcopa,
        "swh_Latn",
        COPA,
        "likelier",
        "It rained.\nWhich of these is more likely its effect?\n- I got wet.\n- I sang.\nAnswer:",
        BOTH,
    ),
    (
        xcopa,
        "swh_Latn",
        {**COPA, "question": "cause"},
        "likelier",
        "It rained.\nWhich of these is more likely its cause?\n- I got wet.\n- I sang.\nAnswer:",
        BOTH,
    ),
    (
        xcopa,
        "swh_Latn",
        COPA,
        "numbered",
        "Premise: It rained.\nOption 1: I got wet.\nOption 2: I sang.\nThe effect of the premise is:",
        BOTH,
    ),
    (
        xcopa,
        "swh_Latn",
        COPA,
        "why",
        'It rained. What happened because of this? Either "I got wet." or "I sang.".\nAnswer:',
        BOTH,
    ),
    (
        xcopa,
        "swh_Latn",
        {**COPA, "question": "cause"},
        "why",
        'It rained. Why did this happen? Either "I got wet." or "I sang.".\nAnswer:',
        BOTH,
    ),
    (
        xcopa,
        "swh_Latn",
        COPA,
        "pick",
        'Pick the sentence that follows from the last one: "I got wet." or "I sang.".\nIt rained.\nAnswer:',
        BOTH,
    ),
    (
        xcopa,
        "swh_Latn",
        {**COPA, "question": "cause"},
        "pick",
        'Pick the sentence that explains the last one: "I got wet." or "I sang.".\nIt rained.\nAnswer:',
        BOTH,
    ),
    (
        xwinograd,
        "eng_Latn",
        WINO,
        "replaced",
        f"{WINO['sentence']}\nWhat should replace the _ in this sentence?\n- the cup\n- the plate\nAnswer:",
        CUPS,
    ),
    (
        xwinograd,
        "eng_Latn",
        WINO,
        "stands_for",
        f"{WINO['sentence']}\nDoes the _ stand for the cup or the plate?\nAnswer:",
        CUPS,
    ),
    (
        xwinograd,
        "eng_Latn",
        WINO,
        "filled",
        f'Fill in the _ with "the cup" or "the plate".\n{WINO["sentence"]}\nAnswer:',
        CUPS,
    ),
    (
        xwinograd,
        "eng_Latn",
        WINO,
        "about",
        f"Sentence: {WINO['sentence']}\nOptions: the cup; the plate\nThe _ means:",
        CUPS,
    ),
    (
        xnli,
        "fra_Latn",
        PAIR,
        "native",
        "",
        tuple(f"It rained., correct? {word}, It was wet." for word in ("Oui", "Aussi", "Non")),
    ),
    *(
        (module, "eng_Latn", PAIR, template, prompt, choices)
        for module in (xnli, afrixnli)
        for template, prompt, choices in (
            (
                "true_or_false",
                "It rained.\nQuestion: It was wet. True, False, or Neither?\nAnswer:",
                ("True", "Neither", "False"),
            ),
            (
                "follows",
                '"It rained." Does it follow that "It was wet."? Yes, no, or maybe?\nAnswer:',
                ("Yes", "Maybe", "No"),
            ),
            (
                "supposing",
                'Suppose it is true that "It rained." Is it then true that "It was wet."? Always, sometimes, or never?'
                "\nAnswer:",
                ("Always", "Sometimes", "Never"),
            ),
            (
                "claim",
                "Known: It rained.\nClaim: It was wet.\nIs the claim right, wrong, or undecided?\nAnswer:",
                ("Right", "Undecided", "Wrong"),
            ),
        )
    ),
    (
        xstorycloze,
        "eng_Latn",
        STORY,
        "likelier",
        "S1. S2. S3. S4.\nHow does the story more likely end?\n- She left.\n- He flew.\nAnswer:",
        ENDS,
    ),
    (
        xstorycloze,
        "eng_Latn",
        STORY,
        "numbered",
        "Story: S1. S2. S3. S4.\nEnding 1: She left.\nEnding 2: He flew.\nThe right ending is:",
        ENDS,
    ),
    (
        xstorycloze,
        "eng_Latn",
        STORY,
        "reader",
        'S1. S2. S3. S4. Would a reader expect "She left." or "He flew." next?\nAnswer:',
        ENDS,
    ),
    (
        xstorycloze,
        "eng_Latn",
        STORY,
        "chosen",
        "Choose the ending that fits the story.\n- She left.\n- He flew.\nStory: S1. S2. S3. S4.\nEnding:",
        ENDS,
    ),
]


@pytest.mark.parametrize(("module", "language", "row", "template", "prompt", "choices"), WORDINGS)
def test_wording(ask, module, language, row, template, prompt, choices):
    (item,) = ask(module.task.variant(template), language, row)
    assert item.prompt == prompt
    assert item.choices == choices
    assert module.task.card.version == VERSIONS[module.task.card.name]


def test_every_english_template_is_pinned():
    pinned = {(module.task.card.name, template) for module, _, _, template, *_ in WORDINGS}
    every = {(each.card.name, name) for each in (m.task for m, *_ in WORDINGS) for name in each.templates}
    # These two are next to lm-eval's own in another test.
    assert every - pinned == {("xwinograd", "continuation"), ("xstorycloze", "ending")}
