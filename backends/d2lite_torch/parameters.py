"""The parameters of a model on PyTorch, as NumPy arrays: to be saved, and moved elsewhere."""

import weakref
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from d2lite.saving.layouts import from_neutral, neutral_name, numbers, to_neutral
from d2lite_torch.module import plain_tensors
from d2lite_torch.tensor import numpy


def get_parameters(trainer):
    """The parameters and running statistics under the names and layouts of d2lite/layouts.py."""
    return {
        name: to_neutral(numpy(tensor), image) if layer else numpy(tensor).copy()
        for name, tensor, layer, image in _tensors(trainer)
    }


def set_parameters(trainer, arrays):
    """Gives the parameters the values, and the dtypes, of arrays as `get_parameters` has them."""
    for name, tensor, layer, image in _tensors(trainer):
        array = from_neutral(arrays[name], image) if layer else np.array(arrays[name])
        tensor.data = torch.from_numpy(array).to(tensor.device)


def build(trainer, batch):
    """Gives lazy layers their shapes."""
    if any(isinstance(param, nn.UninitializedParameter) for param in trainer.model.parameters()):
        trainer.model.apply_init(batch[:-1])


def _tensors(trainer):
    """(name, tensor, whether it is a layer's weight with the outputs first, its image) of all.

    The image is what `to_neutral` wants to know of a dense layer.
    """
    images = _flattened_images(trainer)
    for path, module in _modules(trainer.model):
        prefix = f'{path}.' if path else ''
        layer = isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d)
        for name, param in module.named_parameters(recurse=False):
            yield prefix + neutral_name(name), param, layer and name == 'weight', images.get(module)
        for name, buffer in module.named_buffers(recurse=False):
            if name != 'num_batches_tracked':  # PyTorch alone counts them
                yield prefix + neutral_name(name), buffer, False, None
    for name, tensor in plain_tensors(trainer.model):
        yield name, tensor, False, None


def _modules(module, path=''):
    """(path, module) of the module and all that it holds; paths as d2lite/layouts.py says."""
    yield path, module
    names, children = [], []
    for name, child in module.named_children():
        names.append(name)
        children.append(child)
    if isinstance(module, nn.Sequential):
        names = numbers(children, lambda child: any(True for _ in child.parameters()))
    for name, child in zip(names, children, strict=True):
        if name is not None:
            yield from _modules(child, f'{path}.{name}' if path else str(name))


_images = weakref.WeakKeyDictionary()  # by model


def _flattened_images(trainer):
    """By linear layer: the shape (c, height, width) of the images that reach it flattened.

    Found by a pass in evaluation, which changes nothing; a flattening that is no `nn.Flatten` is
    not seen.
    """
    model = trainer.model
    if not any(isinstance(module, nn.Flatten) for module in model.modules()):
        return {}
    if model not in _images:
        calls = []
        hooks = [
            module.register_forward_pre_hook(lambda module, args: calls.append((module, args[0])))
            for module in model.modules()
            if isinstance(module, nn.Flatten | nn.Linear)
        ]
        with torch.random.fork_rng(devices=[]):  # a loader may shuffle to give its first batch
            model.apply_init(trainer.first_batch()[:-1])
        for hook in hooks:
            hook.remove()
        _images[model] = {
            linear: tuple(X.shape[1:])
            for (flatten, X), (linear, _) in pairwise(calls)
            if isinstance(flatten, nn.Flatten) and isinstance(linear, nn.Linear) and X.ndim == 4
        }
    return _images[model]
