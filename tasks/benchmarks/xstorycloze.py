"""XStoryCloze: which of two sentences ends a story of four, in 11 languages.

The data set is juletxara/xstory_cloze (Lin et al. 2021, arXiv 2112.10668; Basque was added later): StoryCloze of 2016,
translated by people, 1,511 stories in the split ``eval``, the same in all languages by ``story_id``.

The default template, ``ending``, is lm-eval's: the four sentences, joined by spaces, and the endings as continuations.
The other templates ask in English, in the manner of P3 (Sanh et al. 2022, arXiv 2110.08207).
"""

from __future__ import annotations

from polyarena.tasks.card import Dataset, Provenance
from polyarena.tasks.frames.cards import by_language, choice_card, translated
from polyarena.tasks.frames.multiple_choice import MultipleChoiceTask, source_from_fields
from polyarena.tasks.frames.row import Row

CONFIGS = by_language("ar en es eu hi id my ru sw te zh")

SENTENCES = ("input_sentence_1", "input_sentence_2", "input_sentence_3", "input_sentence_4")
ENDINGS = ("sentence_quiz1", "sentence_quiz2")


def ending(row: Row) -> tuple[str, tuple[str, ...]]:
    """Continue the story."""
    return _story(row), _endings(row)


def likelier(row: Row) -> tuple[str, tuple[str, ...]]:
    """List both endings and ask for the likelier one."""
    first, second = _endings(row)
    return f"{_story(row)}\nHow does the story more likely end?\n- {first}\n- {second}\nAnswer:", (first, second)


def numbered(row: Row) -> tuple[str, tuple[str, ...]]:
    """Name story and endings, and let the sentence be completed."""
    first, second = _endings(row)
    return f"Story: {_story(row)}\nEnding 1: {first}\nEnding 2: {second}\nThe right ending is:", (first, second)


def reader(row: Row) -> tuple[str, tuple[str, ...]]:
    """Ask what a reader would expect, with both endings in the question."""
    first, second = _endings(row)
    return f'{_story(row)} Would a reader expect "{first}" or "{second}" next?\nAnswer:', (first, second)


def chosen(row: Row) -> tuple[str, tuple[str, ...]]:
    """Give both endings first, then the story."""
    first, second = _endings(row)
    return f"Choose the ending that fits the story.\n- {first}\n- {second}\nStory: {_story(row)}\nEnding:", (
        first,
        second,
    )


def _story(row: Row) -> str:
    return " ".join(row.text(sentence) for sentence in SENTENCES)


def _endings(row: Row) -> tuple[str, str]:
    return row.text(ENDINGS[0]), row.text(ENDINGS[1])


task = MultipleChoiceTask(
    card=choice_card(
        "xstorycloze",
        "XStoryCloze: endings of stories in 11 languages",
        Dataset(
            id="juletxara/xstory_cloze",
            revision="refs/convert/parquet",
            split="eval",
            licence="CC-BY-SA-4.0",
            url="https://huggingface.co/datasets/juletxara/xstory_cloze",
        ),
        translated(CONFIGS, Provenance.HUMAN),
        chance=1 / 2,
        shared="the 1,511 stories, by story_id",
        notes="The main branch of the data set is a program.",
        citation="Lin et al. 2021, XGLM, arXiv 2112.10668; Mostafazadeh et al. 2016, arXiv 1604.01696",
    ),
    configs=CONFIGS,
    fields=("story_id", *SENTENCES, *ENDINGS, "answer_right_ending"),
    prompts={"ending": ending, "likelier": likelier, "numbered": numbered, "reader": reader, "chosen": chosen},
    gold=lambda row: row.gold("answer_right_ending", "12"),
    source=source_from_fields("story_id"),
)
