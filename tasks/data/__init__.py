"""Reading data sets, from the hub or from a local mirror, with errors that name the file and the line."""

from polyarena.tasks.data.jsonl import read_jsonl
from polyarena.tasks.data.source import DataSource

__all__ = ["DataSource", "read_jsonl"]
