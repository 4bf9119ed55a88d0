"""The audit of tasks that are Python programs: those of lighteval and NeMo-Skills; nothing is imported or run."""
