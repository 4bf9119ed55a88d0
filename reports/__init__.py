"""Statistics, figures, tables and pages.

Everything here is pure: functions take data frames and return figures, bytes and text; the harness writes them.
"""
