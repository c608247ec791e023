"""Where a model flattens images: a linear layer then wants its inputs in the order of the channels.

Frameworks with channels last have another order, so the weight of such a layer moves with its axes
exchanged.
"""

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

# Operations after which rows are no images, even if they are as long.
PRODUCTS = {'linear', 'matmul', '__matmul__', 'mm', 'addmm', 'einsum'}

_found = weakref.WeakKeyDictionary()  # by model


def flattened_images(trainer: Any) -> dict[nn.Module, tuple[int, int, int]]:
    """By linear layer: the shape (c, height, width) of the images that reach it flattened.

    Found by a pass in evaluation, which changes nothing.
    """
    model = trainer.model
    if model not in _found:
        with torch.random.fork_rng(devices=[]):  # a loader may shuffle to give its first batch
            inputs = trainer.first_inputs()
        has_convolutions = any(isinstance(module, nn.Conv2d) for module in model.modules())
        if not has_convolutions and not any(getattr(X, 'ndim', 0) == 4 for X in inputs):
            return {}
        _found[model] = _images_in_a_pass(model, inputs)
    return _found[model]


class Flattenings(TorchFunctionMode):
    """Sees all operations of PyTorch, and keeps those that make a row of each image."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = []  # tensors, and the shape of the images that they have in their rows

    def __torch_function__(
        self, function: Callable, types: Sequence, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        X = args[0] if args else None
        if isinstance(X, Tensor) and isinstance(result, Tensor) and result.ndim == 2:
            if X.ndim == 4 and len(X) == len(result) and X.numel() == result.numel():
                self.rows.append((result, tuple(X.shape[1:])))
            elif X.shape == result.shape and function.__name__ not in PRODUCTS:
                self.rows.append((result, self.image_of(X)))  # element by element
        return result

    def image_of(self, X: Tensor) -> tuple[int, int, int] | None:
        """The shape of the images that X has in its rows, None if it has none."""
        return next((image for rows, image in self.rows if X is rows), None)


def _images_in_a_pass(model, inputs):
    images = {}

    def before(linear, args):
        if image := flattenings.image_of(args[0]):
            images[linear] = image

    hooks = [
        module.register_forward_pre_hook(before)
        for module in model.modules()
        if isinstance(module, nn.Linear)
    ]
    try:
        with torch.random.fork_rng(devices=[]), Flattenings() as flattenings:
            model.apply_init(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return images
