"""Mathematical expressions as models write them: LaTeX is parsed to a tree, and two trees are compared by value.

``math_match`` (:mod:`polyarena.tasks.metrics.math_match`) uses it. Nothing here executes what a model wrote. Sizes,
depths and powers are bounded, so that no answer can stop a run. It is no computer algebra system: expressions with
variables count as equal if they have the same values at a few fixed points.
"""
