"""Compiled steps on MXNet: Gluon's hybridize(), which makes a graph of each HybridBlock."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mxnet.gluon import nn

from d2lite.training import compiled
from d2lite.training.compiled import CannotCompile
from d2lite.training.step_code import side_effects, values_read, written_by_user
from d2lite_mxnet.hybrid import hybrid_blocks, is_hybridized

if TYPE_CHECKING:
    from d2lite_mxnet.trainer import Trainer

# What every HybridBlock has, the graph itself included, is nothing that a graph reads.
_OF_GLUON = vars(nn.HybridBlock()).keys()
# A graph holds for training and for prediction.
_MODES = {'is_training', 'is_recording'}


class CompiledEpoch(compiled.CompiledEpoch):
    """The HybridBlocks of a model as graphs, which the trainer's own `fit_epoch` calls.

    What is written around them, in a Block or in `training_step`, runs as it is written.
    """

    def __init__(self, trainer: 'Trainer') -> None:
        super().__init__(trainer)
        self.model = trainer.model
        self.changed, self.hybridized_before = [], []
        if trainer.compiled:  # of the epoch before
            trainer.compiled.undo()

    def prepare(self) -> None:
        self.build()
        blocks = hybrid_blocks(self.model)
        written = [block for block in blocks if written_by_user(type(block).__module__)]
        if effect := side_effects(*written, start={'hybrid_forward'}):
            raise CannotCompile(effect)
        for block in written:
            if modes := _MODES.intersection(_names_in(type(block).hybrid_forward)):
                raise CannotCompile(f'{type(block).__name__}.hybrid_forward asks {min(modes)}()')
        try:
            self.hybridize(blocks)
            if written:  # Gluon's own and d2lite's can be traced
                self.model.forward(*self.trainer.first_inputs())
        except BaseException:
            self.undo()
            raise
        self.read = self.values_read()

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
                        block.hybridize(static_alloc=True)
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
        parts = []
        for block in hybrid_blocks(self.model):
            attributes = vars(block).items()
            parts.append(type(block))
            parts.append({name: value for name, value in attributes if name not in _OF_GLUON})
        return values_read(*parts)


def _names_in(function):
    return function.__code__.co_names
