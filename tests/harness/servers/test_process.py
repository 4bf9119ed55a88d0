"""Servers as processes: their port, health, log and end, also after a run that was killed."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from polyarena.harness.experiment.server import ServerSpec
from polyarena.harness.servers import end_orphan, end_orphans, running_server, server_command
from polyarena.tasks.errors import ModelError

FAKE = str(Path(__file__).parent / "fake_server.py")


def spec(mode="healthy", wait_s=60.0, **args):
    return ServerSpec(engine="vllm", command=(sys.executable, FAKE), args={"mode": mode, **args}, wait_s=wait_s)


def ended(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A child that nobody has waited for is still listed.
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def test_a_server_is_healthy_inside_and_gone_after(tmp_path):
    with running_server(spec(), "model", "sys", tmp_path, tmp_path) as server:
        health = server.base_url.removesuffix("/v1") + "/health"
        with urllib.request.urlopen(health) as reply:
            assert reply.status == 200
        known = json.loads((tmp_path / "sys.json").read_text(encoding="utf-8"))
        assert known["pid"] == server.pid
        assert known["command"][:2] == [sys.executable, FAKE]
        assert "told ['--host', '--mode', '--port']" in server.log.read_text(encoding="utf-8")
    assert ended(server.pid)
    assert not (tmp_path / "sys.json").exists()
    assert (tmp_path / "sys.log").exists()


def test_no_proxy_stands_before_a_server_of_this_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with running_server(spec(), "model", "sys", tmp_path, tmp_path) as server:
        assert not ended(server.pid)


def test_an_error_inside_stops_the_server_too(tmp_path):
    with pytest.raises(RuntimeError), running_server(spec(), "model", "sys", tmp_path, tmp_path) as server:
        raise RuntimeError
    assert ended(server.pid)


def test_two_servers_have_ports_of_their_own(tmp_path):
    with (
        running_server(spec(), "model", "one", tmp_path, tmp_path) as one,
        running_server(spec(), "model", "two", tmp_path, tmp_path) as two,
    ):
        assert one.base_url != two.base_url


def test_the_next_run_ends_what_a_killed_one_left_behind(tmp_path):
    """The first run is a process that is killed while its server runs."""
    script = (
        "import sys, time\nfrom pathlib import Path\n"
        "from polyarena.harness.experiment.server import ServerSpec\n"
        "from polyarena.harness.servers import running_server\n"
        f"spec = ServerSpec(engine='vllm', command=({sys.executable!r}, {FAKE!r}))\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "with running_server(spec, 'model', 'sys', folder, folder) as server:\n"
        "    print(server.pid, flush=True)\n    time.sleep(600)\n"
    )
    run = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    pid = int(run.stdout.readline())
    run.kill()
    run.communicate()
    assert not ended(pid)
    with running_server(spec(), "model", "sys", tmp_path, tmp_path) as server:
        assert server.pid != pid
        assert ended(pid)


def test_servers_of_systems_that_are_not_run_again_are_ended_too(tmp_path):
    (tmp_path / "servers").mkdir()
    assert end_orphans(tmp_path / "nowhere") == []
    with running_server(spec(), "model", "sys", tmp_path / "servers", tmp_path) as server:
        # A process that died and a file that says nothing are forgotten.
        (tmp_path / "servers" / "other.json").write_text(json.dumps({"pid": server.pid, "started": "1"}))
        (tmp_path / "servers" / "broken.json").write_text("{")
        assert end_orphans(tmp_path) == ["sys"]
        assert ended(server.pid)
    assert list((tmp_path / "servers").glob("*.json")) == []


def test_the_server_of_another_machine_is_left_to_it(tmp_path):
    with running_server(spec(), "model", "sys", tmp_path / "servers", tmp_path) as server:
        record = tmp_path / "servers" / "sys.json"
        known = json.loads(record.read_text(encoding="utf-8"))
        record.write_text(json.dumps({**known, "machine": "elsewhere/1"}), encoding="utf-8")
        assert end_orphans(tmp_path) == []
        assert record.exists()
        assert not ended(server.pid)


def test_a_run_that_ends_does_not_wait_for_a_server(tmp_path):
    ending = iter([False, False, True])
    with (
        pytest.raises(ModelError, match="the run ended"),
        running_server(spec("loading", 600.0), "m", "sys", tmp_path, tmp_path, given_up=lambda: next(ending)),
    ):
        pytest.fail("it came up")
    assert not (tmp_path / "sys.json").exists()


def test_another_process_of_the_same_number_is_left_alone(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    record = tmp_path / "sys.json"
    record.write_text(json.dumps({"pid": other.pid, "started": "1", "command": []}), encoding="utf-8")
    assert not end_orphan(record)
    assert other.poll() is None
    assert not record.exists()
    record.write_text("{", encoding="utf-8")
    assert not end_orphan(record)
    other.communicate(b"\n")


def test_a_server_that_ignores_the_request_to_end_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("polyarena.harness.servers.process.GRACE_S", 0.2)
    stubborn = ServerSpec(
        engine="vllm",
        command=(
            sys.executable,
            "-c",
            f"import signal, runpy; signal.signal(signal.SIGTERM, signal.SIG_IGN); runpy.run_path({FAKE!r})",
        ),
    )
    with running_server(stubborn, "model", "sys", tmp_path, tmp_path) as server:
        pass
    assert ended(server.pid)
    assert signal.SIGKILL == 9


@pytest.mark.parametrize(
    ("mode", "wait_s", "said"),
    [
        ("broken", 60.0, "ended with exit code 1 before it was healthy.*\n.*no such model"),
        ("loading", 1.0, "not healthy within 1 seconds"),
    ],
)
def test_a_server_that_does_not_come_up_says_why_and_leaves_nothing(tmp_path, mode, wait_s, said):
    with pytest.raises(ModelError, match=said), running_server(spec(mode, wait_s), "m", "sys", tmp_path, tmp_path):
        pytest.fail("it came up")
    assert not (tmp_path / "sys.json").exists()


def test_a_port_that_another_program_took_is_chosen_again(tmp_path):
    busy = spec("busy once", mark=str(tmp_path / "mark"))
    with running_server(busy, "model", "sys", tmp_path, tmp_path) as server:
        assert server.log.read_text(encoding="utf-8").count("told") == 2


def test_commands_of_the_engines(tmp_path, monkeypatch):
    (tmp_path / "weights.gguf").touch()
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    args = {"max_model_len": 4096, "enforce_eager": True, "quiet": False, "stop": ["a", "b"]}
    flags = ["--max-model-len", "4096", "--enforce-eager", "--stop", "a", "b"]
    address = ["--host", "127.0.0.1", "--port", "8123"]
    command = server_command(ServerSpec(engine="vllm", args=args), "org/model", tmp_path, 8123)
    assert command == ["/bin/vllm", "serve", "org/model", *address, *flags]
    command = server_command(ServerSpec(engine="llama.cpp"), "weights.gguf", tmp_path, 8123)
    assert command == ["/bin/llama-server", "--model", str(tmp_path / "weights.gguf"), *address]
    own = ServerSpec(engine="sglang", command=("env/bin/python", "-m", "sglang.launch_server"), args={"tp": 2})
    assert server_command(own, "org/model", tmp_path, 8123)[-2:] == ["--tp", "2"]


@pytest.mark.parametrize("engine", ["vllm", "sglang", "llama.cpp"])
def test_a_program_that_is_not_installed_says_how_to_get_it(tmp_path, monkeypatch, engine):
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("polyarena.harness.servers.command.find_spec", lambda name: None)
    with pytest.raises(ModelError, match="is not installed"):
        server_command(ServerSpec(engine=engine), "org/model", tmp_path, 1)


def test_a_command_that_does_not_exist_is_an_error(tmp_path):
    missing = ServerSpec(engine="vllm", command=(str(tmp_path / "no-such-program"),))
    with pytest.raises(ModelError, match="cannot be started"), running_server(missing, "m", "s", tmp_path, tmp_path):
        pytest.fail("it came up")


def test_a_server_that_nobody_wants_any_more_is_not_waited_for(tmp_path):
    asked = []

    def given_up():
        asked.append(json.loads((tmp_path / "sys.json").read_text(encoding="utf-8"))["pid"])
        return len(asked) == 2

    loading = spec("loading", 3600.0)
    with (
        pytest.raises(ModelError, match="the run ended"),
        running_server(loading, "m", "sys", tmp_path, tmp_path, given_up=given_up),
    ):
        pytest.fail("it came up")
    assert ended(asked[0])
    assert not (tmp_path / "sys.json").exists()
