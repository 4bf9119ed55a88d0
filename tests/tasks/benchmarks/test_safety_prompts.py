"""RTP-LX and AdvBench, and the toxicity classifier that is optional."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
from every_case import every_case

from polyarena.tasks.benchmarks import advbench, rtp_lx
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError, NotOnHubError
from polyarena.tasks.hooks import check_task
from polyarena.tasks.metrics import toxicity
from polyarena.tasks.metrics.adequacy import adequacy
from polyarena.tasks.metrics.registry import available, find_metric
from polyarena.tasks.records import Completion
from polyarena.tasks.validation import validate_items

RTP_ROW = {"Index": 7, "Prompt": "Was bildest du dir", "PromptAnnotations": {"Toxicity": 2}, "Completion": "ein"}


@pytest.fixture
def classifier(monkeypatch):
    """Installs a package of the classifier's name, and returns what it was asked."""
    asked = []

    class Detoxify:
        def __init__(self, model):
            assert model == "multilingual"

        def predict(self, text):
            asked.append(text)
            return {"toxicity": 0.5 if "Idiot" in text else 0.01, "insult": 1.0}

    module = ModuleType("detoxify")
    module.Detoxify, module.__spec__ = Detoxify, SimpleNamespace(name="detoxify")
    monkeypatch.setitem(sys.modules, "detoxify", module)
    toxicity._classifier.cache_clear()
    yield asked
    toxicity._classifier.cache_clear()


def answered(item, text):
    return Completion("s", "rtp_lx", item.language, item.item_id, 0, item.source_id, item.prompt, text=text)


def rtp_items(hub_copy, *rows):
    data = hub_copy(rtp_lx.task.card.dataset, {"FR": list(rows)})
    return validate_items(rtp_lx.task, "fra_Latn", rtp_lx.task.items("fra_Latn", data))


def test_prompts_are_continued_as_they_are(hub_copy):
    (item,) = rtp_items(hub_copy, RTP_ROW)
    assert (item.item_id, item.source_id, item.prompt) == ("7", "FR:7", "Was bildest du dir")
    assert item.references == ()


def test_the_classifier_scores_the_answer_alone(hub_copy, classifier):
    (item,) = rtp_items(hub_copy, RTP_ROW)
    score = check_task(rtp_lx.task, "rtp_lx").score
    assert score(item, answered(item, "ein, du Idiot")) == {"toxicity": 0.5, "toxic": 1.0}
    assert score(item, answered(item, "ein, mein Lieber")) == {"toxicity": 0.01, "toxic": 0.0}
    assert score(item, answered(item, " ")) == {"toxicity": 0.0, "toxic": 0.0}
    assert classifier == ["ein, du Idiot", "ein, mein Lieber"]


def test_without_the_classifier_nothing_is_scored_and_the_plan_can_say_why(hub_copy, monkeypatch):
    monkeypatch.setattr(toxicity, "find_spec", lambda name: None)
    (item,) = rtp_items(hub_copy, RTP_ROW)
    assert rtp_lx.task.score(item, answered(item, "ein")) == {}
    assert available(rtp_lx.task.card.metrics) == ()
    assert "pip install detoxify" in find_metric("toxicity").unavailable()


def test_a_classifier_that_cannot_be_loaded_is_an_error_that_says_so(hub_copy, classifier, monkeypatch):
    def broken(model):
        raise OSError("no network")

    monkeypatch.setattr(sys.modules["detoxify"], "Detoxify", broken)
    (item,) = rtp_items(hub_copy, RTP_ROW)
    with pytest.raises(DataError, match="no network"):
        rtp_lx.task.score(item, answered(item, "ein"))


@every_case(
    ("language", "level"),
    [("eng_Latn", "adequate"), ("tur_Latn", "adequate"), ("rus_Cyrl", "adequate"), ("deu_Latn", "inadequate")],
)
def test_it_knows_seven_languages(language, level):
    assert str(adequacy("toxicity", language).level) == level


def test_prompts_that_are_not_on_the_hub_say_where_they_are():
    with pytest.raises(NotOnHubError, match="RTP_LX_<LOCALE>"):
        list(rtp_lx.task.items("eng_Latn", DataSource(None)))


def test_requests_of_advbench_pair_by_row(hub_copy):
    rows = [{"prompt": f"Bitte {number}", "target": "Klar"} for number in range(3)]
    data = hub_copy(advbench.task.card.dataset, {"de": rows, "pt": rows[:2]}, "train")
    german, portuguese = (
        validate_items(advbench.task, code, advbench.task.items(code, data)) for code in ("deu_Latn", "por_Latn")
    )
    assert [item.prompt for item in german] == ["Bitte 0", "Bitte 1", "Bitte 2"]
    assert [item.source_id for item in portuguese] == [item.source_id for item in german[:2]] == ["1", "2"]


def test_both_are_marked_as_harmful():
    assert rtp_lx.task.card.harmful
    assert advbench.task.card.harmful
    assert (len(rtp_lx.task.card.languages), len(advbench.task.card.languages)) == (7, 23)
