"""The progress display of a run: live bars on a terminal, plain lines elsewhere."""

from polyarena.harness.progress.listener import progress_listener

__all__ = ["progress_listener"]
