"""The HybridBlocks of a model on MXNet, and which of them run as graphs."""

import contextlib

from mxnet.gluon import nn


def hybrid_blocks(model):
    """The HybridBlocks of a model, each before its children."""
    blocks = []
    nn.Block.apply(model, blocks.append)
    return [block for block in reversed(blocks) if isinstance(block, nn.HybridBlock)]


def is_hybridized(block):
    """Returns True if a HybridBlock runs as a graph."""
    return block._active  # Gluon tells it nowhere else


@contextlib.contextmanager
def layer_by_layer(model):
    """Within this context no block runs as a graph, so that hooks of layers are called."""
    hybridized = [block for block in hybrid_blocks(model) if is_hybridized(block)]
    try:
        for block in hybridized:
            block.hybridize(False, clear=False)
        yield
    finally:
        for block in hybridized:
            block.hybridize(clear=False)
