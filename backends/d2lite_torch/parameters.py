"""The parameters of a model on PyTorch, as NumPy arrays: to be saved, and moved elsewhere."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor, nn

from d2lite.saving.layouts import from_neutral, neutral_names, to_neutral
from d2lite.saving.numbering import numbered
from d2lite.training.batches import inputs_of
from d2lite_torch.flattening import flattened_images
from d2lite_torch.gates import neutral_gates, own_gates
from d2lite_torch.module import plain_tensors
from d2lite_torch.sharding import fill, whole
from d2lite_torch.tensor import from_numpy, numpy


def get_parameters(trainer: Any) -> dict[str, np.ndarray]:
    """The parameters and running statistics by neutral names, in neutral layouts."""
    arrays = {
        name: to_neutral(array, image) if layer else array.copy()
        for name, array, layer, image in _arrays(trainer)
    }
    return neutral_gates(arrays)


def set_parameters(trainer: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Gives the parameters the values, and the dtypes, of arrays as `get_parameters` has them."""
    tensors = list(_tensors(trainer))
    arrays = own_gates(arrays, {name: tensor for name, tensor, *_ in tensors})
    for name, tensor, layer, image in tensors:
        array = from_neutral(arrays[name], image) if layer else np.array(arrays[name])
        fill(tensor, from_numpy(array))


def build(trainer: Any, batch: tuple[Tensor, ...]) -> None:
    """Gives lazy layers their shapes."""
    if any(isinstance(param, nn.UninitializedParameter) for param in trainer.model.parameters()):
        trainer.model.apply_init(inputs_of(batch))


def _arrays(trainer):
    for name, tensor, layer, image in _tensors(trainer):
        yield name, numpy(whole(tensor)), layer, image


def _tensors(trainer):
    """(name, tensor, whether it is a layer's weight with the outputs first, its image) of all.

    The image is what `to_neutral` wants to know of a dense layer.
    """
    images, found, names = flattened_images(trainer), {}, defaultdict(list)
    tensors = trainer.model.state_dict(keep_vars=True)
    for path in tensors:
        owner, _, name = path.rpartition('.')
        names[owner].append(name)
    for path, tensor in tensors.items():
        owner, _, name = path.rpartition('.')
        module = trainer.model.get_submodule(owner)
        layer = isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d)
        if name != 'num_batches_tracked':  # PyTorch alone counts them
            path = f'{owner}.{neutral_names(names[owner])[name]}'.lstrip('.')
            found[path] = tensor, layer and name == 'weight', images.get(module)
    for path, name in numbered(found).items():
        yield name, *found[path]
    for name, tensor in plain_tensors(trainer.model):
        yield name, tensor, False, None
