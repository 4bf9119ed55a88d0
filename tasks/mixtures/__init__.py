"""Training text: where it comes from, how sources are mixed, and what is removed before a model is trained on it.

Called by the training stages of :mod:`polyarena.harness.stages`. It reads data sets and returns rows; it trains
nothing, asks no model and writes no file.
"""
