"""The parameters of a model on MXNet, as NumPy arrays: to be saved, and moved elsewhere."""

import weakref
from itertools import pairwise

from mxnet import np
from mxnet.gluon import nn
from mxnet.gluon.parameter import DeferredInitializationError, Parameter

from d2lite.saving.layouts import from_neutral, neutral_name, numbers, to_neutral
from d2lite.training.module import set_attribute
from d2lite_mxnet.hybrid import layer_by_layer
from d2lite_mxnet.module import plain_arrays

_LAYERS = nn.Dense | nn.Conv1D | nn.Conv2D | nn.Conv3D
_LAYERS |= nn.Conv1DTranspose | nn.Conv2DTranspose | nn.Conv3DTranspose


def get_parameters(trainer):
    """The parameters and running statistics under the names and layouts of d2lite/layouts.py."""
    return {
        name: to_neutral(array.asnumpy(), image) if layer else array.asnumpy()
        for name, array, layer, image in _arrays(trainer)
    }


def set_parameters(trainer, arrays):
    """Gives the parameters the values, and the dtypes, of arrays as `get_parameters` has them."""
    images = _flattened_images(trainer)
    for path, block in blocks(trainer.model):
        for name, param in own_parameters(block):
            array = arrays[_join(path, neutral_name(name))]
            param.cast(array.dtype)
            if _has_outputs_first(block, name):
                array = from_neutral(array, images.get(block))
            param.set_data(np.array(array))
    for path, array in plain_arrays(trainer.model):
        value = np.array(arrays[path], ctx=array.ctx)
        if value.dtype == array.dtype:
            array[:] = value
        else:  # an array keeps its dtype, so one of another dtype takes its place
            value.attach_grad()
            set_attribute(trainer.model, path, value)


def build(trainer, batch):
    """Gives deferred parameters their shapes."""
    try:
        for _ in _arrays(trainer):
            pass
    except DeferredInitializationError:
        trainer.model.apply_init(batch[:-1])


def _arrays(trainer):
    """(name, array, whether it is a layer's weight with the outputs first, its image) of all.

    The image is what `to_neutral` wants to know of a dense layer.
    """
    images = _flattened_images(trainer)
    for path, block in blocks(trainer.model):
        for name, param in own_parameters(block):
            layer = _has_outputs_first(block, name)
            yield _join(path, neutral_name(name)), param.data(), layer, images.get(block)
    for path, array in plain_arrays(trainer.model):
        yield path, array, False, None


def own_parameters(block):
    """(name, parameter) of the block's own, without those of the blocks that it holds."""
    return [(name, each) for name, each in vars(block).items() if isinstance(each, Parameter)]


def blocks(block, path=''):
    """(path, block) of the block and all that it holds; paths as d2lite/layouts.py says."""
    yield path, block
    # Gluon lists a block's children nowhere else.
    names, children = list(block._children), list(block._children.values())
    if isinstance(block, nn.Sequential | nn.HybridSequential):
        names = numbers(children, lambda child: len(child.collect_params().keys()) > 0)
    for name, child in zip(names, children, strict=True):
        if name is not None:
            yield from blocks(child, _join(path, str(name)))


def _join(path, name):
    return f'{path}.{name}' if path else name


def _has_outputs_first(block, name):
    return isinstance(block, _LAYERS) and name == 'weight'


_images = weakref.WeakKeyDictionary()  # by model


def _flattened_images(trainer):
    """By dense layer: the shape (c, height, width) of the images that reach it flattened.

    Found by a pass outside of `autograd.record`, which changes nothing; a flattening that is no
    layer is not seen.
    """
    model = trainer.model
    if model not in _images:
        inputs = trainer.first_batch()[:-1]
        if not any(X.ndim == 4 for X in inputs):
            return {}
        calls = []
        blocks = []
        nn.Block.apply(model, blocks.append)
        with layer_by_layer(model):
            hooks = [
                block.register_forward_pre_hook(lambda block, args: calls.append((block, args[0])))
                for block in blocks
                if isinstance(block, nn.Flatten | nn.Dense)
            ]
            model.forward(*inputs)
            for hook in hooks:
                hook.detach()
        images = {
            dense: X.shape[1:]
            for (flatten, X), (dense, _) in pairwise(calls)
            if isinstance(flatten, nn.Flatten) and isinstance(dense, nn.Dense) and X.ndim == 4
        }
        # A dense layer flattens by itself what comes as images.
        images |= {d: X.shape[1:] for d, X in calls if isinstance(d, nn.Dense) and X.ndim == 4}
        _images[model] = images
    return _images[model]
