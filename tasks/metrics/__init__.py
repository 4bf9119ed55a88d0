"""Metrics that several tasks share: from one completion to numbers."""
