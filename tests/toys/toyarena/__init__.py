"""A distribution of somebody else's: tasks, a model and a judge that the tests can look into.

The model logs every load and every cell to the file named by TOY_LOG; TOY_FAIL names languages in which it fails.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from polyarena.harness.models.protocol import ChoiceResult, GenerateResult
from polyarena.judges.protocol import Assessment, Verdict
from polyarena.judges.records import Label, Scale
from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.errors import ModelError
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.signature import Signature

LANGUAGES = ("deu_Latn", "swh_Latn", "tha_Thai")
nothing = 17


def _card(name, kind, metrics=()):
    return TaskCard(
        name=name,
        version="1",
        title=f"the toy task {name}",
        kind=kind,
        dataset=Dataset(id="builtin", revision="1", licence="Apache-2.0"),
        languages=LANGUAGES,
        provenance=dict.fromkeys(LANGUAGES, Provenance.GENERATED),
        metrics=metrics,
        chance=0.5 if metrics else None,
        shared="all items",
        left_out={"jpn_Jpan": "a toy knows no Japanese"},
    )


@dataclass(frozen=True)
class ToyTask:
    card: TaskCard
    n: int = 12

    def items(self, language, data):
        for number in range(self.n):
            choices = ("yes", "no") if self.card.metrics else ()
            yield Item(
                item_id=str(number),
                source_id=f"q{number}",
                language=language,
                prompt=f"question {number} in {language}",
                choices=choices,
                gold=number % 2 if choices else None,
            )

    def score(self, item, completion):
        if not self.card.metrics:
            return {}
        best = max(range(len(item.choices)), key=lambda index: completion.loglikelihoods[index])
        return {"acc": float(best == item.gold)}


@dataclass(frozen=True)
class ToyTalk(ToyTask):
    """Conversations of three turns; every third has two."""

    def items(self, language, data):
        for number in range(self.n):
            previous = None
            for turn in range(1, 3 if number % 3 == 2 else 4):
                name = f"{number}/{turn}"
                yield Item(name, f"q{number}", language, f"turn {turn} of {number} in {language}", previous=previous)
                previous = name


open_task = ToyTask(_card("toy_open", Kind.OPEN_ENDED))
choice_task = ToyTask(_card("toy_choice", Kind.MULTIPLE_CHOICE, ("acc",)))
talk_task = ToyTalk(_card("toy_talk", Kind.OPEN_ENDED), n=6)


def _number(*parts):
    return int.from_bytes(hashlib.sha256("|".join(map(str, parts)).encode()).digest()[:4], "big")


def log(*words):
    if os.environ.get("TOY_LOG"):
        with Path(os.environ["TOY_LOG"]).open("a", encoding="utf-8") as file:
            file.write(" ".join(words) + "\n")


class ToyModel:
    def __init__(self, args):
        self.voice = args.get("voice", "plain")
        self.provenance = {"voice": self.voice}
        log("load", self.voice)

    def _start(self, requests):
        language = requests[0].language
        if language in os.environ.get("TOY_FAIL", "").split():
            raise ModelError(f"the toy cannot speak {language}")
        log("cell", self.voice, language, str(len(requests)))

    def generate(self, requests):
        self._start(requests)
        return [
            GenerateResult(
                prompt="\n".join(turn["content"] for turn in request.messages),
                text=" ".join([self.voice, *["word"] * (_number(self.voice, *request.messages) % 9)]),
                finish_reason="stop",
                latency_s=0.1,
            )
            for request in requests
        ]

    def choose(self, requests):
        self._start(requests)
        return [
            ChoiceResult(
                prompt=request.messages[-1]["content"],
                loglikelihoods=tuple(-1.0 - _number(self.voice, request.item_id, c) % 7 for c in request.choices),
            )
            for request in requests
        ]

    def close(self):
        log("close", self.voice)


class ToyType:
    inputs = frozenset({"text"})

    def check(self, args, context, where):
        pass

    def supports(self, kind):
        return True

    def endpoint(self, args):
        return None

    def identity(self, args, context, language):
        return {"voice": str(args.get("voice", "plain"))}

    def load(self, args, chat_template, context):
        if args.get("voice") == "mute":
            raise ModelError("the toy has lost its voice", fix="give it another")
        return ToyModel(args)


model_type = ToyType()


class LengthJudge:
    description = "toy_length: the longer answer wins"

    def __init__(self, args):
        self.signature = Signature({"judge": "toy_length@1", "flip": args.get("flip", 0)})
        self.invalid = args.get("invalid", "")

    def calls(self, match):
        return []

    def decide(self, matches):
        for match in matches:
            if self.invalid and match.question.startswith(self.invalid):
                yield Verdict(Label.INVALID, "no verdict", error="told to fail")
                continue
            a, b = len(match.a.text), len(match.b.text)
            label = Label.TIE if a == b else Label.A if a > b else Label.B
            yield Verdict(label, f"{a} against {b}")


def length_judge(args, ask):
    return LengthJudge(args)


class RatingJudge:
    description = "toy_rating: rates each answer by its length"
    signature = Signature({"judge": "toy_rating@1"})

    def calls(self, match):
        return []

    def decide(self, matches):
        for match in matches:
            a, b = (Assessment(float(len(answer.text)), Scale.REWARD, raw="by length") for answer in (match.a, match.b))
            label = Label.TIE if a.value == b.value else Label.A if a.value > b.value else Label.B
            yield Verdict(label, "", ratings=(a, b))


def rating_judge(args, ask):
    return RatingJudge()
