"""The backends held against a reference in NumPy, step by step.

Problem ─► record_training(backend, problem) ─► TrainingRecord ─► compare ─► a Row for each
"""

from d2lite.parity.comparison import Row, compare
from d2lite.parity.model import ParityModel
from d2lite.parity.models import MODELS, standard_problem
from d2lite.parity.problem import PrecisionError, Problem, Tolerance
from d2lite.parity.recorder import TrainingRecord, record_training

__all__ = [
    'MODELS',
    'ParityModel',
    'PrecisionError',
    'Problem',
    'Row',
    'Tolerance',
    'TrainingRecord',
    'compare',
    'record_training',
    'standard_problem',
]
