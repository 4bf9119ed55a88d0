"""Items and completions to score."""

import pytest

from polyarena.tasks.item import Item
from polyarena.tasks.records import Completion


@pytest.fixture
def answered():
    """An item with references and a completion of it."""

    def make(text, *references, language="swh_Latn"):
        item = Item("q", "q", language, "prompt", references=references)
        return item, Completion("system", "task", language, "q", 0, "q", "p", text=text)

    return make
