"""Where a model flattens images: a dense layer then wants its inputs in the order of the channels.

Frameworks with channels last have another order, so the weight of such a layer moves with its axes
exchanged.
"""

import weakref
from math import prod
from typing import Any

from mxnet import np
from mxnet.gluon import nn

from d2lite.console import warn
from d2lite_mxnet.hybrid import layer_by_layer

_found = weakref.WeakKeyDictionary()  # by model


def flattened_images(trainer: Any) -> dict[nn.Block, tuple[int, int, int]]:
    """By dense layer: the shape (c, height, width) of the images that reach it flattened.

    Found by a pass outside of `autograd.record`, which changes nothing. Warns of a dense layer of
    which it cannot be found.
    """
    model = trainer.model
    if model not in _found:
        inputs = trainer.first_inputs()
        blocks = []
        model.apply(blocks.append)
        has_convolutions = any(isinstance(block, nn.Conv2D) for block in blocks)
        if not has_convolutions and not any(getattr(X, 'ndim', 0) == 4 for X in inputs):
            return {}
        seen = Flattenings(inputs)
        with layer_by_layer(model):
            hooks = [block.register_forward_hook(seen.after) for block in blocks]
            hooks += [
                block.register_forward_pre_hook(seen.before)
                for block in blocks
                if isinstance(block, nn.Dense)
            ]
            model.forward(*inputs)
            for hook in hooks:
                hook.detach()
        for dense in seen.unknown:
            warn(
                f'{type(model).__name__} flattens images before its layer {dense.name} by no '
                f'layer: where channels come last, as on TensorFlow and JAX, the saved parameters '
                f'will predict something else. Add nn.Flatten() to the network'
            )
        _found[model] = seen.images
    return _found[model]


class Flattenings:
    """Sees what goes into dense layers, and what comes out of all layers, in one pass."""

    def __init__(self, inputs: tuple) -> None:
        self.images, self.unknown = {}, []
        self.last = None  # the shape of the images that nobody has flattened yet
        for X in inputs:
            self.see(X)

    def see(self, X: Any) -> None:
        if getattr(X, 'ndim', 0) == 4:
            self.last = X.shape[1:]

    def before(self, dense: nn.Dense, args: tuple) -> None:
        X = args[0]
        self.see(X)  # a dense layer flattens by itself what comes as images
        if self.last is None:
            return
        if X.ndim == 4 or X.shape[-1] == prod(self.last):
            self.images[dense] = self.last
        elif X.ndim == 2 and self.made_of_pixels(X):
            self.unknown.append(dense)
        self.last = None

    def made_of_pixels(self, X: np.ndarray) -> bool:
        """Whether rows of X may have several pixels of the last images, pooled by a function."""
        channels = self.last[0]
        return X.shape[1] > channels and X.shape[1] % channels == 0

    def after(self, block: nn.Block, args: tuple, output: Any) -> None:
        self.see(output)
