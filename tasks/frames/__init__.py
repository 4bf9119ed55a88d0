"""Frames: what benchmarks of one kind share, so that a benchmark is a table of facts and a few templates."""
