"""The backends held against a reference in NumPy, step by step.

Problem ─► record_training(backend, model, problem) ─► TrainingRecord ─► compare ─► a Row for each
"""

from d2lite.parity.problem import MODELS, PrecisionError, Problem
from d2lite.parity.recorder import TrainingRecord, record_training

__all__ = ['MODELS', 'PrecisionError', 'Problem', 'TrainingRecord', 'record_training']
