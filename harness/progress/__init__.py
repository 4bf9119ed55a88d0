"""What a user sees while a run goes on: live bars on a terminal, plain lines elsewhere."""

from polyarena.harness.progress.choose import listening

__all__ = ["listening"]
