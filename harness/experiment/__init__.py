"""The experiment file: its schema, and loading it with errors that name lines."""

from polyarena.harness.experiment.load import load_experiment
from polyarena.harness.experiment.schema import Experiment, JudgeSpec, StatisticsSpec, SuiteSpec, SystemSpec, TaskSpec

__all__ = ["Experiment", "JudgeSpec", "StatisticsSpec", "SuiteSpec", "SystemSpec", "TaskSpec", "load_experiment"]
