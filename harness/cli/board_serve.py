"""``polyarena board serve``."""

from __future__ import annotations

from pathlib import Path


def command(site: Path, *, port: int = 8000) -> int:
    """Serve a board to this machine until it is interrupted.

    Parameters
    ----------
    site
        The folder of the site.
    port
        Where to listen; 0 for any that is free.
    """
    from polyarena.harness.board.serve import board_server
    from polyarena.harness.cli.output import print_lines

    with board_server(site, port) as server:
        print_lines(f"http://127.0.0.1:{server.server_port}/  (Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0
