"""Compiled steps on MXNet: Gluon's hybridize(), which makes a graph of each HybridBlock."""

import warnings
from collections.abc import Sequence
from types import FunctionType
from typing import TYPE_CHECKING

from mxnet.gluon import nn

from d2lite.training import compiled
from d2lite.training.compiled import CannotCompile
from d2lite.training.side_effects import side_effects
from d2lite.training.step_code import values_read, written_by_user
from d2lite_mxnet.hybrid import hybrid_blocks, is_hybridized

if TYPE_CHECKING:
    from d2lite_mxnet.trainer import Trainer

# What every HybridBlock has, the graph itself included, is nothing that a graph reads.
OF_GLUON = vars(nn.HybridBlock()).keys()
# A graph holds for training and for prediction.
MODES = {'is_training', 'is_recording'}


class CompiledEpoch(compiled.CompiledEpoch):
    """The HybridBlocks of a model as graphs, which the trainer's own `fit_epoch` calls.

    What is written around them, in a Block or in `training_step`, runs as it is written.
    """

    def __init__(self, trainer: 'Trainer') -> None:
        super().__init__(trainer)
        self.model = trainer.model
        self.changed, self.hybridized_before = [], []
        if trainer.compiled:  # what a callback has changed since
            trainer.compiled.undo()

    def prepare(self) -> None:
        blocks = hybrid_blocks(self.model)
        written = list(filter(is_written_by_user, blocks))
        self.check(written)
        if blocks:  # a model from scratch has none, and nothing to prepare
            self.build()
        try:
            self.hybridize(blocks)
            if written:  # Gluon's own and d2lite's can be traced
                self.model.forward(*self.trainer.first_inputs())
        except BaseException:
            self.undo()
            raise
        self.read = self.values_read()

    def check(self, written: Sequence[nn.HybridBlock]) -> None:
        """Raises CannotCompile if code that would be traced does more than compute."""
        if not written:
            return
        values = [value for block in written for value in vars(block).values()]
        functions = [{'hybrid_forward': v} for v in values if isinstance(v, FunctionType)]
        effect = side_effects(*written, *functions, start={'hybrid_forward'})
        # `forward` of the model is no part of a graph, but it is called once more to trace them.
        if effect := effect or side_effects(type(self.model), start={'forward'}):
            raise CannotCompile(effect)
        for block in written:
            if modes := MODES.intersection(type(block).hybrid_forward.__code__.co_names):
                raise CannotCompile(f'{type(block).__name__}.hybrid_forward asks {min(modes)}()')

    def build(self) -> None:
        self.trainer.serialization.build(self.trainer, self.trainer.first_batch())

    def hybridize(self, blocks: Sequence[nn.HybridBlock]) -> None:
        """Hybridizes what the lesson has not hybridized itself."""
        self.hybridized_before = [block for block in blocks if is_hybridized(block)]
        with warnings.catch_warnings():
            warnings.simplefilter('error')
            for block in blocks:  # each comes before its children, which follow it
                if not is_hybridized(block):
                    self.changed.append(block)
                    try:
                        block.hybridize(static_alloc=True, static_shape=True)
                    except UserWarning:
                        raise CannotCompile('it has hooks, which a graph does not call') from None

    def undo(self) -> None:
        """Makes the blocks run as they did before."""
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            for block in self.changed:
                block.hybridize(False)
            for block in self.hybridized_before:
                if not is_hybridized(block):
                    block.hybridize()
        self.changed, self.hybridized_before = [], []

    def values_read(self) -> tuple:
        """What Python code in the HybridBlocks can read now."""
        blocks = hybrid_blocks(self.model)
        return values_read(*[part for block in blocks for part in parts_of(block)])


def parts_of(block: nn.HybridBlock) -> tuple:
    """The class of a block, and those of its attributes that its code reads, and its hooks."""
    attributes = vars(block).items()
    return type(block), {n: v for n, v in attributes if n not in OF_GLUON or n.endswith('_hooks')}


def is_written_by_user(block: nn.HybridBlock) -> bool:
    """Returns True if the code of a block is a lesson's own, and not Gluon's or d2lite's."""
    return isinstance(block, nn.HybridLambda) or written_by_user(type(block).__module__)
