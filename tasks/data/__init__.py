"""Reading data sets, from the hub or from a local mirror, with errors that name the file and the line."""

from polyarena.tasks.data.jsonl import read_jsonl
from polyarena.tasks.data.root import data_root
from polyarena.tasks.data.source import DataSource

__all__ = ["DataSource", "data_root", "read_jsonl"]
