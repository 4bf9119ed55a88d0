"""Real sentences in 99 languages."""

import json

import pytest


@pytest.fixture(scope="session")
def sentences(test_data):
    """The 204 sentences of each language, by its code."""
    return {
        folder.name: [
            json.loads(line)["text"]
            for path in folder.glob("*.jsonl")
            for line in path.read_text(encoding="utf-8").split("\n")
            if line
        ]
        for folder in sorted((test_data / "hub/openlanguagedata/flores_plus").iterdir())
    }
