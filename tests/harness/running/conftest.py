"""Most tests of runs look at numbers; they need no printed figures."""

import pytest


@pytest.fixture(autouse=True)
def one_format(request, monkeypatch):
    """Draws each chart in one format, which saves seconds a run; ``all_formats`` marks tests that want them all."""
    if "all_formats" not in request.keywords:
        monkeypatch.setattr("polyarena.reports.figures.FORMATS", ("svg",))
