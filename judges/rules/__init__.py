"""The ``rules`` judge: offline, deterministic, and no reader of quality."""

from polyarena.judges.rules.judge import RulesJudge, build

__all__ = ["RulesJudge", "build"]
