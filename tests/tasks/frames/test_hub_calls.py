"""What is asked of the hub, up to the network: id, config, split and revision of each task."""

import importlib

import pytest

from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError, UnknownNameError

CALLS = [
    ("sib200", "task", "khm_Khmr", "Davlan/sib200", "khm_Khmr", "test", "38977a667f6fc264d5c26ec57a01e16db040b358"),
    ("xcopa", "task", "quy_Latn", "cambridgeltl/xcopa", "qu", "test", "042f78955ba48e6404616762fa6e05e839c3907a"),
    ("xwinograd", "task", "jpn_Jpan", "Muennighoff/xwinograd", "jp", "test", "refs/convert/parquet"),
    (
        "belebele",
        "task",
        "zho_Hant",
        "facebook/belebele",
        "zho_Hant",
        "test",
        "7899cdfa4e1e0d733fd77c848e2c273cb1d32be2",
    ),
    ("xnli", "task", "zho_Hans", "facebook/xnli", "zh", "validation", "b8dd5d7af51114dbda02c0e3f6133f332186418e"),
    ("xstorycloze", "task", "mya_Mymr", "juletxara/xstory_cloze", "my", "eval", "refs/convert/parquet"),
    (
        "pawsx",
        "task",
        "kor_Hang",
        "google-research-datasets/paws-x",
        "ko",
        "test",
        "4cd8187c404bda33cb1f62b49b001115862acf37",
    ),
    ("m_mmlu", "task", "nob_Latn", "alexandrainst/m_mmlu", "nb", "test", "main"),
    (
        "global_mmlu",
        "task",
        "tgl_Latn",
        "CohereLabs/Global-MMLU",
        "fil",
        "test",
        "0e619dbeb34206cd48705a1a0ea7fb21cae09993",
    ),
    ("global_mmlu", "lite", "swh_Latn", "CohereLabs/Global-MMLU-Lite", "sw", "test", "main"),
    ("mmmlu", "task", "spa_Latn", "openai/MMMLU", "ES_LA", "test", "325a01dc3e173cac1578df94120499aaca2e2504"),
    (
        "include",
        "task",
        "mkd_Cyrl",
        "CohereLabs/include-base-44",
        "North Macedonian",
        "test",
        "d2e1f6015f67a43c02a9a68db98e2298e2d6a660",
    ),
    ("multiblimp", "task", "lvs_Latn", "jumelet/multiblimp", "lav", "train", "main"),
    ("afrixnli", "task", "gaz_Latn", "masakhane/afrixnli", "orm", "test", "e3ca06b30f3e7af2a86f6c8609ea76fee326bc56"),
    ("afrimmlu", "task", "swh_Latn", "masakhane/afrimmlu", "swa", "test", "96f247619673906ae4c321a3232afc67b98ea57e"),
]


def find(module, attribute):
    return getattr(importlib.import_module(f"polyarena.tasks.benchmarks.{module}"), attribute)


@pytest.fixture
def asked(monkeypatch):
    datasets = pytest.importorskip("datasets")
    calls = []

    def load_dataset(path, name, *, split, revision):
        calls.append((path, name, split, revision))
        raise ConnectionError("no network in tests")

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    return calls


@pytest.mark.parametrize(("module", "attribute", "language", "id", "config", "split", "revision"), CALLS)
def test_what_is_loaded(asked, module, attribute, language, id, config, split, revision):
    task = find(module, attribute)
    with pytest.raises(DataError, match="hub cannot be reached") as caught:
        next(task.items(language, DataSource(None)))
    assert asked == [(id, config, split, revision)]
    assert revision in caught.value.where


def test_a_language_that_a_task_lacks_is_refused_before_the_network(asked):
    with pytest.raises(UnknownNameError, match="language of the task afrimmlu"):
        next(find("afrimmlu", "task").items("plt_Latn", DataSource(None)))
    assert asked == []


def test_variants_read_the_same_data(asked):
    task = find("xnli", "task")
    for template in task.templates:
        with pytest.raises(DataError):
            next(task.variant(template).items("zho_Hans", DataSource(None)))
    assert len(asked) == 5
    assert len(set(asked)) == 1
