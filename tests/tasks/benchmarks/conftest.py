"""Small copies of hub data sets, written by the tests in the hub's own schema."""

import json

import pytest

from polyarena.tasks.data import DataSource


@pytest.fixture
def hub_copy(tmp_path):
    """Writes configs of a data set, ``{config: rows}``, and returns a source that reads them."""

    def write(dataset, configs, split=None):
        for config, rows in configs.items():
            folder = tmp_path / dataset.id / config
            folder.mkdir(parents=True, exist_ok=True)
            lines = "\n".join(json.dumps(row) for row in rows)
            (folder / f"{split or dataset.split}.jsonl").write_text(lines + "\n", encoding="utf-8")
        return DataSource(tmp_path)

    return write


@pytest.fixture(scope="session")
def hub(test_data):
    """The mirror of real data sets."""
    return DataSource(test_data / "hub")
