"""Serves a site to this machine, for a look."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from polyarena.harness.board.build import MANIFEST
from polyarena.tasks.errors import StoreError


class _Quiet(SimpleHTTPRequestHandler):
    """Without a line for each request, and without a type that the browser guesses."""

    def log_message(self, format: str, *args: object) -> None:
        del format, args

    def end_headers(self) -> None:
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()


def board_server(site: Path, port: int = 0) -> ThreadingHTTPServer:
    """Return a server of a site that listens on this machine alone; the caller runs and closes it.

    Args:
        site: Of an earlier build.
        port: 0 for one that is free.

    Raises:
        StoreError: There is no board, or the port is taken.
    """
    if not (site / MANIFEST).is_file():
        raise StoreError(
            "there is no board here", where=site, why=f"it has no {MANIFEST}", fix="polyarena board build RUNS -o SITE"
        )
    handler: Callable[..., SimpleHTTPRequestHandler] = partial(_Quiet, directory=str(site))
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise StoreError(
            f"the port {port} cannot be used", why=error.strerror or str(error), fix="choose another with --port"
        ) from error
