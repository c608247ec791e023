"""The precision in which a training computes: one word for all frameworks.

What a word means to a framework is in the file of the same name of each backend.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from d2lite.training.module import Module
    from d2lite.training.trainer import Trainer

__all__ = ['FIRST_SCALE', 'GROWTH_INTERVAL', 'HALF', 'check_precision', 'in_precision', 'replaces']

PRECISIONS = ('32', 'tf32', 'bf16-mixed', '16-mixed')
HALF = {'bf16-mixed': 'bfloat16', '16-mixed': 'float16'}  # in which layers compute

# Small gradients are 0 in float16. So the loss is multiplied by a scale, and the gradients are
# divided by it. The scale is halved after an overflow, and doubled after so many steps without one.
FIRST_SCALE, GROWTH_INTERVAL = 2.0**15, 2000


def check_precision(trainer: 'Trainer', model: 'Module | None' = None) -> None:
    """Raises ValueError for a precision that does not exist, or that this training cannot have."""
    precision = trainer.precision
    if precision not in PRECISIONS:
        raise ValueError(
            f"precision must be '32', 'tf32', 'bf16-mixed' or '16-mixed', got {precision!r}"
        )
    reason = trainer.arithmetic.refusal(trainer, model) or _own_loop(trainer)
    if reason:
        refuse(trainer, reason)


def refuse(trainer: 'Trainer', reason: str) -> None:
    """Raises the ValueError that `trainer` cannot have its precision."""
    raise ValueError(
        f'{trainer.backend} cannot train in precision={trainer.precision!r} here: {reason}. '
        f"precision='32' works"
    )


@contextlib.contextmanager
def in_precision(trainer: 'Trainer') -> Iterator[None]:
    """The framework's settings for the precision of `trainer`; afterwards they are as before."""
    check_precision(trainer, trainer.model)
    trainer.arithmetic.prepare(trainer)
    with trainer.arithmetic.settings(trainer):
        yield


def replaces(owner: Any, method: str, *others: str) -> bool:
    """Returns True if a lesson has a method of its own, which calls neither ours nor `others`."""
    function = getattr(type(owner), method, None)
    code = getattr(function, '__code__', None)
    if code is None or function.__module__.startswith('d2lite'):
        return False
    return not {method, *others}.intersection(code.co_names)


def _own_loop(trainer):
    """Why mixed precision cannot reach the steps; '' if it can."""
    for method in ('fit_epoch', 'train_step'):
        if trainer.precision in HALF and replaces(trainer, method, 'train_step', 'loss_of'):
            return (
                f'{type(trainer).__name__}.{method}() makes the steps itself, so that d2lite '
                f'cannot make them compute in {HALF[trainer.precision]}'
            )
    return ''
