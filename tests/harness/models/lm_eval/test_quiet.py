"""Silence on the terminal, and only there."""

from __future__ import annotations

import logging
import sys
from types import ModuleType
from typing import Any

import pytest
from tqdm import tqdm

from polyarena.harness.models.lm_eval.quiet import quiet

NAME = "lm_eval.models.chatty_backend_of_a_test"


@pytest.fixture
def chatty(monkeypatch: pytest.MonkeyPatch) -> Any:
    module: Any = ModuleType(NAME)
    module.tqdm = tqdm
    exec("def work():\n    for _ in tqdm(range(3), desc='bar'):\n        pass\n    print('printed', 3)", vars(module))
    monkeypatch.setitem(sys.modules, NAME, module)
    return module


def test_bars_and_prints_are_silent_within_and_only_within(
    chatty: Any, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), quiet():
        chatty.work()
    assert tuple(capfd.readouterr()) == ("", "")
    assert "printed 3" in caplog.text
    chatty.work()
    out, err = capfd.readouterr()
    assert out == "printed 3\n"
    assert "bar" in err
    assert chatty.tqdm is tqdm
    assert "print" not in vars(chatty)


def test_all_is_as_before_after_a_failure(chatty: Any) -> None:
    with pytest.raises(ValueError, match="on purpose"), quiet():
        raise ValueError("on purpose")
    assert chatty.tqdm is tqdm


def test_warnings_can_still_be_heard(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever ran an evaluation of lm-eval's own in this process has set up its logger.
    monkeypatch.setattr(logging.getLogger("lm_eval"), "propagate", True)
    caplog.set_level(logging.WARNING, logger="lm_eval")
    with quiet():
        logging.getLogger("lm_eval.models.huggingface").warning("the prompt was truncated")
    assert "the prompt was truncated" in caplog.text
    assert tuple(capfd.readouterr()) == ("", "")
