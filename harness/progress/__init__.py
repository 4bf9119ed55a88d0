"""What a user sees while a run goes on: live bars on a terminal, plain lines elsewhere."""

from polyarena.harness.progress.listener import progress_listener

__all__ = ["progress_listener"]
