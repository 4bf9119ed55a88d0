"""Model servers that a run starts for its systems: started, watched until healthy, stopped, and ended when orphaned.

``running`` calls it around the cells of a system. It never asks a model anything; ``endpoints`` does.
"""

from polyarena.harness.servers.command import server_command
from polyarena.harness.servers.process import ServerProcess, end_orphan, end_orphans, running_server, served_arguments

__all__ = ["ServerProcess", "end_orphan", "end_orphans", "running_server", "served_arguments", "server_command"]
