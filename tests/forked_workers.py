"""What workers do that are forked in tests; imported by the process that forks them."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

PREPARED = []


def prepare(folder):
    PREPARED.append(os.getpid())
    if "POLYARENA_TEST_THREAD" in os.environ:
        threading.Thread(target=threading.Event().wait, daemon=True).start()


def act(folder, device="", parent=0):
    """Write what the worker finds, and do what the name of its folder says."""
    deed = Path(folder).name
    if deed == "ignores":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    found = {
        "device": device,
        "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "prepared": PREPARED,
        "parents": [parent, os.getppid()],
        "pid": os.getpid(),
        "session": os.getsid(0),
    }
    Path(folder, "written").write_text(json.dumps(found))
    Path(folder, "written").rename(Path(folder, "found"))
    sys.stdout.write("said\n")
    if deed == "leaves":
        sys.exit(3)
    if deed == "fails":
        raise RuntimeError("no such luck")
    while deed in ("stays", "ignores") and os.getppid() == parent:
        time.sleep(0.5)
