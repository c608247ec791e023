"""The parameters of a model on MXNet, as NumPy arrays: to be saved, and moved elsewhere."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as onp
from mxnet import np
from mxnet.gluon import nn
from mxnet.gluon.parameter import DeferredInitializationError, Parameter

from d2lite.saving.layouts import from_neutral, neutral_names, to_neutral
from d2lite.saving.numbering import numbered
from d2lite.training.batches import inputs_of
from d2lite.training.module import set_attribute
from d2lite_mxnet.flattening import flattened_images
from d2lite_mxnet.gates import neutral_gates, own_gates
from d2lite_mxnet.module import plain_arrays

_LAYERS = nn.Dense | nn.Conv1D | nn.Conv2D | nn.Conv3D
_LAYERS |= nn.Conv1DTranspose | nn.Conv2DTranspose | nn.Conv3DTranspose


def get_parameters(trainer: Any) -> dict[str, onp.ndarray]:
    """The parameters and running statistics by neutral names, in neutral layouts."""
    arrays = {path: array.asnumpy() for path, array in plain_arrays(trainer.model)}
    for name, param, layer, image in _parameters(trainer):
        array = param.data().asnumpy()
        arrays[name] = to_neutral(array, image) if layer else array
    return neutral_gates(arrays)


def set_parameters(trainer: Any, arrays: Mapping[str, onp.ndarray]) -> None:
    """Gives the parameters the values, and the dtypes, of arrays as `get_parameters` has them."""
    _check_types(arrays)
    parameters = list(_parameters(trainer))
    arrays = own_gates(arrays, {name: param for name, param, *_ in parameters})
    for name, param, layer, image in parameters:
        array = from_neutral(arrays[name], image) if layer else arrays[name]
        param.cast(array.dtype)
        param.set_data(np.array(array))
    for path, array in plain_arrays(trainer.model):
        value = np.array(arrays[path], ctx=array.ctx)
        if value.dtype == array.dtype:
            array[:] = value
        else:  # an array keeps its dtype, so one of another dtype takes its place
            value.attach_grad()
            set_attribute(trainer.model, path, value)


def _check_types(arrays):
    for name, array in arrays.items():
        if array.dtype.isbuiltin == 2:  # a type of ml_dtypes
            raise TypeError(
                f'{name} is of type {array.dtype}, and MXNet has no such arrays: give it float32, '
                f"e.g. array.astype('float32') of each"
            )


def build(trainer: Any, batch: tuple[np.ndarray, ...]) -> None:
    """Gives deferred parameters their shapes."""
    try:
        get_parameters(trainer)
    except DeferredInitializationError:
        trainer.model.apply_init(inputs_of(batch))


def _parameters(trainer):
    """(name, parameter, whether it is a layer's weight with the outputs first, its image) of all.

    The image is what `to_neutral` wants to know of a dense layer.
    """
    images, found = flattened_images(trainer), {}
    for path, block in blocks(trainer.model):
        own = own_parameters(block)
        names = neutral_names(name for name, _ in own)
        for name, param in own:
            layer = isinstance(block, _LAYERS) and name == 'weight'
            found[f'{path}.{names[name]}'.lstrip('.')] = param, layer, images.get(block)
    for path, name in numbered(found).items():
        yield name, *found[path]


def own_parameters(block: nn.Block) -> list[tuple[str, Parameter]]:
    """(name, parameter) of the block's own, without those of the blocks that it holds."""
    return [(name, each) for name, each in vars(block).items() if isinstance(each, Parameter)]


def blocks(block: nn.Block, path: str = '') -> Iterator[tuple[str, nn.Block]]:
    """(path, block) of the block and all that it holds."""
    yield path, block
    for name, child in block._children.items():  # Gluon lists them nowhere else
        yield from blocks(child, f'{path}.{name}'.lstrip('.'))
