"""Runs a plan: computes cells, judges games, writes results and the report.

:func:`polyarena.harness.run` is :func:`polyarena.harness.running.runner.run`. Nothing is imported here: workers of
executors import their own module alone, and what only the run itself needs would double the time in which they start.
"""
