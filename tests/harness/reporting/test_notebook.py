"""What a notebook shows of a finished run."""

import xml.etree.ElementTree as ET

import pytest

from polyarena.harness import open_run
from polyarena.harness.reporting.files import Files
from polyarena.harness.reporting.notebook import MOST_CHARTS

EXPERIMENT = {
    "name": "toy",
    "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two")],
    "baseline": "one",
    "tasks": ["toy_open", "toy_choice"],
    "judges": [{"name": "long", "judge": "toy_length"}],
    "statistics": {"rounds": 100},
}


pytestmark = pytest.mark.figures


@pytest.fixture
def finished(finished_run):
    return finished_run(EXPERIMENT, report=True)


def test_averages_and_charts_are_shown(finished):
    html = finished._repr_html_()
    assert "<b>toy</b>" in html
    averages = finished.estimates().query("level == 'macro'")
    assert html.count("<tr>") == len(averages)
    for value in averages["value"]:
        assert f"{value:.3f}" in html
    assert 0 < html.count("<svg") <= MOST_CHARTS
    assert "<?xml" not in html


def test_it_is_well_formed(finished):
    ET.fromstring(f"<div>{finished._repr_html_().split('<div style')[0]}</div>")
    ET.fromstring(finished.files._repr_html_())


def test_without_results_the_way_to_them_is_shown(finished_run):
    finished = finished_run(EXPERIMENT)
    assert "<svg" not in finished._repr_html_()
    for path in finished.folder.results.iterdir():
        path.unlink()
    html = open_run(finished.folder)._repr_html_()
    assert "the results are not there" in html
    assert "polyarena report" in html


def test_what_is_missing_is_counted(finished_run):
    finished = finished_run(EXPERIMENT)
    finished.folder.cell("two", "toy_choice", "swh_Latn").unlink()
    assert "Not complete: 1 cell or pair without a result" in open_run(finished.folder)._repr_html_()


def test_files_name_their_folders_and_the_notes_are_harmless(finished, tmp_path):
    html = finished.files._repr_html_()
    assert str(finished.folder.report / "figures") in html
    notes = Files(tmp_path / "index.html", (), (), (), ("<script>",))._repr_html_()
    assert "<li>&lt;script&gt;</li>" in notes
