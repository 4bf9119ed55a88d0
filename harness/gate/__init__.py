"""The gate on runs and reference files: reads them, checks that they are comparable, and writes the result.

The decision itself is :mod:`polyarena.reports.gate`, which knows no files. Called by ``polyarena gate`` and by the
pytest plugin. Nothing here asks a model. The package imports none of its modules, so that pytest can load the plugin in
projects that do not use it at no cost.
"""
