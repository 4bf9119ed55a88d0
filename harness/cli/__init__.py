"""The command ``polyarena``."""

from polyarena.harness.cli.app import main

__all__ = ["main"]
