"""The distribution that docs/extending.md shows does what the page says."""

import tomllib

import pytest

from polyarena.harness import plan, run
from polyarena.harness.models.protocol import Model, ModelType
from polyarena.tasks.errors import ModelError, PolyarenaError, UnknownNameError
from polyarena.tasks.hooks import HasMetrics, HasShots, HasSplits, hook_protocols
from polyarena.tasks.plugins import plugins
from polyarena.tasks.protocol import Task
from polyarena.tasks.registry import find_task
from polyarena.tasks.validation import validate_items


@pytest.fixture
def folder(repository, tmp_path, monkeypatch):
    """Installs the example as pip would: its module, and its entry points from its own pyproject.toml."""
    folder = repository / "docs" / "plugin"
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    info = tmp_path / "site" / f"{project['name']}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = [
        line
        for group, points in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.syspath_prepend(str(folder))
    plugins.cache_clear()
    yield folder
    plugins.cache_clear()


def test_the_example_runs_from_end_to_end(folder, tmp_path):
    finished = run(plan(folder / "greetings.yaml", output=tmp_path / "run"))
    assert finished.failures == ()
    estimates = finished.estimates()
    judged = estimates[estimates["task"] == "greetings"]
    macro = judged[judged["level"] == "macro"].iloc[0]
    assert (macro["system"], macro["baseline"], macro["judge"]) == ("thrice", "once", "brevity")
    assert macro["value"] == 0.0
    assert macro["signature"].startswith("task:greetings@1|rev:1|judge:brevity@1|orders:2")
    assert finished.files.page.is_file()
    scored = estimates[(estimates["task"] == "noon") & (estimates["level"] == "macro")].set_index(["metric", "system"])
    assert set(scored.index) == {(m, s) for m in ("chrf++", "greetarena_words") for s in ("once", "thrice")}
    assert scored.loc[("greetarena_words", "thrice"), "value"] == 3 * scored.loc[("greetarena_words", "once"), "value"]


def test_its_objects_have_the_members_of_the_protocols(folder):
    import greetarena

    assert isinstance(greetarena.task, Task)
    assert isinstance(greetarena.parrot, ModelType)
    members = {name for name in vars(Model) if not name.startswith("_")}
    assert members <= set(dir(greetarena.Parrot))


def test_its_items_pass_the_check_of_every_task(folder):
    import greetarena

    kind = find_task("noon.kind")
    assert kind.card.name == "noon.kind"
    assert hook_protocols()
    absent = {HasMetrics, HasShots, HasSplits}
    for protocol in hook_protocols():
        assert isinstance(greetarena.noon, protocol) == (protocol not in absent), protocol
    assert validate_items(kind, "swh_Latn", kind.items("swh_Latn", None))[0].prompt.startswith("Tafadhali")
    for language in greetarena.task.card.languages:
        items = validate_items(greetarena.task, language, greetarena.task.items(language, None))
        assert [item.source_id for item in items] == ["morning", "night"]


def test_it_refuses_what_it_does_not_know(folder):
    import greetarena

    with pytest.raises(UnknownNameError, match="times"):
        greetarena.parrot.check({"tims": 2}, None, "here")
    with pytest.raises(PolyarenaError, match="no arguments"):
        greetarena.build_brevity({"x": 1}, None)
    with pytest.raises(ModelError, match="cannot choose"):
        greetarena.parrot.load({}, False, None).choose([])
