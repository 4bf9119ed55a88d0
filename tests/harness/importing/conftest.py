"""Small files in each format."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def write(tmp_path):
    """``write("name.jsonl", rows)``: JSON Lines, a JSON document or a text, by the suffix."""

    def write(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".jsonl"):
            content = "".join(json.dumps(row) + "\n" for row in content)
        elif name.endswith(".json"):
            content = json.dumps(content)
        path.write_text(content, encoding="utf-8")
        return path

    return write
