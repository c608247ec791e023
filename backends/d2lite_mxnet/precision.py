"""Precision on MXNet: float32 only."""

import contextlib
from typing import TYPE_CHECKING

from d2lite.training.precision import HALF

if TYPE_CHECKING:
    from d2lite_mxnet.module import Module
    from d2lite_mxnet.trainer import Trainer


def refusal(trainer: 'Trainer', model: 'Module | None') -> str:
    """Why this training cannot have its precision; '' if it can."""
    if trainer.precision in HALF:
        return (
            "MXNet's automatic mixed precision replaces the operators of the whole module "
            'until Python ends'
        )
    return '' if trainer.precision == '32' else 'MXNet has no setting for TF32'


def prepare(trainer: 'Trainer') -> None:
    """Nothing to do."""


def settings(trainer: 'Trainer') -> contextlib.AbstractContextManager:
    """MXNet's settings for the trainer's precision: there are none."""
    return contextlib.nullcontext()


def in_float64() -> contextlib.AbstractContextManager:
    """The settings with which models are made and trained in float64: there are none."""
    return contextlib.nullcontext()
