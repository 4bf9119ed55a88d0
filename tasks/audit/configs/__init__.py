"""The audit of lm-eval's task files: static, offline, and without running anything that they name."""

from polyarena.tasks.audit.configs.auditing import audit_configs
from polyarena.tasks.audit.configs.index import Config, ConfigIndex, read_configs, shipped_folder

__all__ = ["Config", "ConfigIndex", "audit_configs", "read_configs", "shipped_folder"]
