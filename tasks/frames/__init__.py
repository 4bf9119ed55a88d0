"""Base classes for benchmarks of one kind, so that a benchmark is a table of facts and a few templates."""
